"""The cases predict/<net>/...: a batch's predictions, by torch, JAX and ONNX Runtime. A kind of bench/peers/run.

torch-compile as it comes: with frozen weights (packed once) it was slower, batch 1 twice. onnxruntime: a model made here, its input and output bound."""
import libraries
import nets

GROUP = 1  # the part of a case's name that the summary goes by: the net


def cases(options, listed):
    return [case for case in listed if case.startswith("predict/")]


def torch_peer(form):
    def load(threads):
        torch = libraries.load_torch(threads)
        torch.set_grad_enabled(False)

        def make(case):
            net = nets.Net(case)
            x = torch.from_numpy(nets.samples(net)[0])
            module = nets.torch_net(torch, net)
            if net.classes:
                module.append(torch.nn.Softmax(1))
            module.eval()
            predict = libraries.compiled(torch, module) if form == "compile" else module
            return lambda: predict(x), 1

        return make, "torch " + torch.__version__

    return load


def jax_peer(threads):
    import jax
    import jax.numpy as jnp

    def make(case):
        net = nets.Net(case)
        x, parameters = jnp.asarray(nets.samples(net)[0]), [(jnp.asarray(w), jnp.asarray(b)) for w, b in nets.weights(net)]

        def predict(parameters, x):
            y = nets.jax_scores(jax, parameters, x)
            return jax.nn.softmax(y) if net.classes else y

        jitted = jax.jit(predict)
        return lambda: jitted(parameters, x).block_until_ready(), 1

    return make, "jax " + jax.__version__


def onnx_model(net):
    """The net as the bytes of an ONNX model, weights included."""
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants, last = [], [], "x"
    for i, (w, b) in enumerate(nets.weights(net)):
        constants += [numpy_helper.from_array(w, "w%d" % i), numpy_helper.from_array(b, "b%d" % i)]
        nodes.append(helper.make_node("Gemm", [last, "w%d" % i, "b%d" % i], ["z%d" % i]))
        last = "z%d" % i
        activation = "Relu" if i + 1 < len(net.layers) else "Softmax" if net.classes else "Identity"
        nodes.append(helper.make_node(activation, [last], ["y%d" % i]))
        last = "y%d" % i
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [net.batch, width]) for name, width in (("x", net.widths[0]), (last, net.widths[-1]))]
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8  # what this operator set came with, so that older runtimes read it
    return model.SerializeToString()


def onnxruntime_peer(threads):
    import numpy
    import onnx
    import onnxruntime

    def make(case):
        net = nets.Net(case)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        session = onnxruntime.InferenceSession(onnx_model(net), options, providers=["CPUExecutionProvider"])
        binding = session.io_binding()
        binding.bind_ortvalue_input("x", onnxruntime.OrtValue.ortvalue_from_numpy(nets.samples(net)[0]))
        y = numpy.empty((net.batch, net.widths[-1]), numpy.float32)
        binding.bind_ortvalue_output(session.get_outputs()[0].name, onnxruntime.OrtValue.ortvalue_from_numpy(y))
        return lambda: session.run_with_iobinding(binding), 1

    return make, "onnxruntime %s, onnx %s" % (onnxruntime.__version__, onnx.__version__)


PEERS = {"torch": torch_peer("eager"), "torch-compile": torch_peer("compile"), "jax": jax_peer, "onnxruntime": onnxruntime_peer}
DEFAULT = list(PEERS)
