"""What this suite needs of libgradus, through ctypes: the list of algorithms, and an optimizer on one numpy array. Structs as in include/gradus."""
import collections
import ctypes
from ctypes import POINTER, byref, c_char_p, c_double, c_int, c_int32, c_size_t, c_ssize_t, c_uint8, c_uint32, c_uint64, c_void_p

F32 = 1
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


# A line of optimizers.def; defaults: {"lr": 0.001, ...}
Algorithm = collections.namedtuple("Algorithm", "name variant weight_decay states defaults")


def sized(struct):
    struct.struct_size = ctypes.sizeof(struct)
    return struct


def vector(array):
    return Tensor(data=array.ctypes.data, batch=1, rows=1, columns=array.size, batch_stride=array.size, row_stride=array.size, dtype=F32)


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
