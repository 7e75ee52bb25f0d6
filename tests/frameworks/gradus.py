"""What this suite needs of libgradus, through ctypes: the list of algorithms, and an optimizer on one numpy array. Structs as in include/gradus."""
import collections
import ctypes
from ctypes import POINTER, byref, c_char_p, c_double, c_int, c_int32, c_size_t, c_ssize_t, c_uint8, c_uint32, c_uint64, c_void_p

F32 = 1
I32 = 7
ACTIVATION_IDENTITY = 1
LOSS_MSE = 3
SCHEDULE_BYTES = 1 << 14  # more than a gradus_schedule takes
ROLE_WEIGHT = 1
AXIS_COLUMNS = 1
HYPER_PARAMETERS = 32


class Tensor(ctypes.Structure):
    _fields_ = [("data", c_void_p), ("batch", c_size_t), ("rows", c_size_t), ("columns", c_size_t), ("batch_stride", c_ssize_t)]
    _fields_ += [("row_stride", c_ssize_t), ("dtype", c_int32), ("flags", c_uint32), ("reserved", c_uint64)]


class Parameter(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("batch", c_size_t), ("rows", c_size_t), ("columns", c_size_t), ("role", c_int32), ("output_axis", c_int32)]
    _fields_ += [("group", c_uint32), ("reserved", c_uint8 * 20)]


class OptimizerConfig(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("algorithm", c_int32), ("groups", c_uint32), ("hyper_parameters", c_double * HYPER_PARAMETERS)]


class OptimizerInfo(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("algorithm", c_int32), ("weight_decay", c_int32), ("states", c_uint32), ("hyper_parameters", c_uint32)]
    _fields_ += [("name", c_char_p), ("variant", c_char_p), ("formula", c_char_p), ("source", c_char_p), ("state_names", c_char_p * 8)]
    _fields_ += [("keys", c_int32 * HYPER_PARAMETERS), ("defaults", c_double * HYPER_PARAMETERS)]


class StepArgs(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("parameters", POINTER(Tensor)), ("gradients", POINTER(Tensor)), ("states", POINTER(Tensor))]
    _fields_ += [("steps", POINTER(c_uint64)), ("gradient_scale", c_double), ("clip_value", c_double), ("flags", c_uint32), ("reserved", c_uint32)]


class Layer(ctypes.Structure):
    _fields_ = [("outputs", c_size_t), ("activation", c_int32), ("reserved", c_int32)]


class NetConfig(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("inputs", c_size_t), ("layers", POINTER(Layer)), ("layer_count", c_size_t), ("loss", c_int32)]
    _fields_ += [("seed", c_uint64), ("label_smoothing", c_double)]


class Batch(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("inputs", Tensor), ("targets", Tensor), ("samples", c_size_t), ("first", c_size_t)]
    _fields_ += [("total", c_size_t), ("step", c_uint64)]


class SchedulePlace(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("step", c_uint64), ("steps_per_epoch", c_uint64), ("total_steps", c_uint64)]
    _fields_ += [("learning_rate", c_double), ("plateau_learning_rate", c_double)]


class ClassMetrics(ctypes.Structure):
    _fields_ = [("samples", c_uint64), ("predicted", c_uint64), ("right", c_uint64), ("precision", c_double), ("recall", c_double)]
    _fields_ += [("f1", c_double), ("auc", c_double)]


class OutputMetrics(ctypes.Structure):
    _fields_ = [("rmse", c_double), ("mae", c_double), ("r2", c_double)]


class MetricsConfig(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("top_k", c_size_t), ("auc", c_int32), ("reserved", c_int32), ("confusion", POINTER(c_uint64))]
    _fields_ += [("classes", POINTER(ClassMetrics)), ("outputs", POINTER(OutputMetrics))]


class ClassMeans(ctypes.Structure):
    _fields_ = [("precision", c_double), ("recall", c_double), ("f1", c_double)]


class Metrics(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("samples", c_uint64), ("classes", c_size_t), ("loss", c_double), ("accuracy", c_double)]
    _fields_ += [("top_k_accuracy", c_double), ("macro", ClassMeans), ("weighted", ClassMeans), ("precision", c_double), ("recall", c_double)]
    _fields_ += [("f1", c_double), ("auc", c_double), ("rmse", c_double), ("mae", c_double), ("r2", c_double)]


# A line of optimizers.def; defaults: {"lr": 0.001, ...}
Algorithm = collections.namedtuple("Algorithm", "name variant weight_decay states defaults")


def sized(struct):
    struct.struct_size = ctypes.sizeof(struct)
    return struct


def vector(array, dtype=F32):
    return Tensor(data=array.ctypes.data, batch=1, rows=1, columns=array.size, batch_stride=array.size, row_stride=array.size, dtype=dtype)


def matrix(array):
    rows, columns = array.shape
    return Tensor(data=array.ctypes.data, batch=1, rows=rows, columns=columns, batch_stride=array.size, row_stride=columns, dtype=F32)


class Library:
    def __init__(self, path):
        self.functions = ctypes.CDLL(path)
        for name in ("gradus_version", "gradus_numerics_version", "gradus_context_message", "gradus_context_isa", "gradus_hyper_parameter_key"):
            getattr(self.functions, name).restype = c_char_p
        self.functions.gradus_optimizer_list.argtypes = [c_size_t, c_void_p]
        self.functions.gradus_hyper_parameter_key.argtypes = [c_int32]
        for name in ("gradus_context_message", "gradus_context_isa"):
            getattr(self.functions, name).argtypes = [c_void_p]
        self.functions.gradus_optimizer_config_init_sized.restype = None
        self.functions.gradus_optimizer_config_init_sized.argtypes = [c_void_p, c_size_t, c_int32]
        self.functions.gradus_optimizer_config_parse.argtypes = [c_void_p, c_char_p, c_void_p]
        self.functions.gradus_optimizer_create.argtypes = [c_void_p, c_void_p, c_void_p, c_size_t, c_void_p]
        self.functions.gradus_optimizer_destroy.restype = None
        self.functions.gradus_optimizer_destroy.argtypes = [c_void_p, c_void_p]
        self.functions.gradus_optimizer_step.argtypes = [c_void_p, c_void_p, c_void_p]
        self.functions.gradus_schedule_parse.argtypes = [c_void_p, c_char_p, c_void_p]
        self.functions.gradus_schedule_at.argtypes = [c_void_p, c_void_p, c_void_p, c_void_p, c_void_p]
        self.functions.gradus_net_create.argtypes = [c_void_p, c_void_p, c_void_p]
        self.functions.gradus_net_set.argtypes = [c_void_p, c_void_p, c_size_t, c_void_p, c_void_p]
        self.functions.gradus_net_metrics.argtypes = [c_void_p, c_void_p, c_void_p, c_void_p, c_void_p]
        self.functions.gradus_net_destroy.restype = None
        self.functions.gradus_net_destroy.argtypes = [c_void_p, c_void_p]
        self.context = c_void_p()
        if self.functions.gradus_context_create(None, byref(self.context)):
            raise RuntimeError("gradus_context_create failed")

    def call(self, name, *arguments):
        if getattr(self.functions, name)(self.context, *arguments):
            raise RuntimeError(self.functions.gradus_context_message(self.context).decode())

    def version(self):
        texts = self.functions.gradus_version(), self.functions.gradus_numerics_version(), self.functions.gradus_context_isa(self.context)
        return "gradus %s, %s, kernels of %s" % tuple(text.decode() for text in texts)

    def algorithms(self):
        found = []
        info = sized(OptimizerInfo())
        while self.functions.gradus_optimizer_list(len(found), byref(info)):
            keys = [self.functions.gradus_hyper_parameter_key(info.keys[i]).decode() for i in range(info.hyper_parameters)]
            states = [info.state_names[i].decode() for i in range(info.states)]
            defaults = dict(zip(keys, info.defaults))
            found.append(Algorithm(info.name.decode(), info.variant.decode(), info.weight_decay, states, defaults))
        return found

    def train(self, text, weights, gradients):
        """The weights after one step a gradient, and the largest magnitude that each element had on the way."""
        weights = weights.copy()
        largest = abs(weights)
        config = OptimizerConfig()
        self.functions.gradus_optimizer_config_init_sized(byref(config), ctypes.sizeof(config), 0)
        self.call("gradus_optimizer_config_parse", text.encode(), byref(config))
        shape = Parameter(batch=1, rows=1, columns=weights.size, role=ROLE_WEIGHT, output_axis=AXIS_COLUMNS)
        optimizer = c_void_p()
        self.call("gradus_optimizer_create", byref(config), byref(shape), 1, byref(optimizer))
        try:
            for gradient in gradients:
                given = vector(weights), vector(gradient)
                args = sized(StepArgs(parameters=ctypes.pointer(given[0]), gradients=ctypes.pointer(given[1]), gradient_scale=1.0))
                self.call("gradus_optimizer_step", optimizer, byref(args))
                largest = largest.clip(min=abs(weights))
        finally:
            self.functions.gradus_optimizer_destroy(self.context, optimizer)
        return weights, largest

    def rates(self, text, base, epochs, steps_per_epoch):
        """The learning rate and the momentum of every step of a run."""
        schedule = (c_uint64 * (SCHEDULE_BYTES // 8))()
        schedule[0] = SCHEDULE_BYTES  # struct_size
        self.call("gradus_schedule_parse", text.encode(), byref(schedule))
        place = sized(SchedulePlace(steps_per_epoch=steps_per_epoch, total_steps=epochs * steps_per_epoch, learning_rate=base))
        found, rate, momentum = [], c_double(), c_double()
        for place.step in range(place.total_steps):
            self.call("gradus_schedule_at", byref(schedule), byref(place), byref(rate), byref(momentum))
            found.append((rate.value, momentum.value))
        return found

    def metrics(self, scores, targets, top_k=0, auc=False):
        """Of a net whose outputs are `scores` [samples, outputs]: its inputs are the scores, its weights 1. Also those of each class and output, and the
        confusion matrix."""
        samples, outputs = scores.shape
        layer = Layer(outputs=outputs, activation=ACTIVATION_IDENTITY)
        net_config = sized(NetConfig(inputs=outputs, layers=ctypes.pointer(layer), layer_count=1, loss=LOSS_MSE))
        net = c_void_p()
        self.call("gradus_net_create", byref(net_config), byref(net))
        try:
            ones = (scores[:1] * 0).repeat(outputs, axis=0)
            for i in range(outputs):
                ones[i, i] = 1.0
            self.call("gradus_net_set", net, 0, byref(matrix(ones)), None)
            count = 2 if outputs == 1 else outputs
            confusion, classes, each = (c_uint64 * (count * count))(), (ClassMetrics * count)(), (OutputMetrics * outputs)()
            config = sized(MetricsConfig(top_k=top_k, auc=auc, confusion=confusion, classes=classes, outputs=each))
            given = matrix(targets) if targets.ndim == 2 else vector(targets, I32)
            batch, found = sized(Batch(inputs=matrix(scores), targets=given, samples=samples)), sized(Metrics())
            self.call("gradus_net_metrics", net, byref(batch), byref(config), byref(found))
        finally:
            self.functions.gradus_net_destroy(self.context, net)
        return found, list(classes), list(each), [list(confusion[i * count : (i + 1) * count]) for i in range(count)]
