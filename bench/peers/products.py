"""The cases gemm/<forward|dx|dw>/...: a dense layer's products, by BLAS libraries, oneDNN, torch and JAX. A kind of bench/peers/run.

With x [B,in], W [in,out], d [B,out]: forward is x W, dx is d W^T, dw is x^T d. Peers compute the bare product; gradus' forward adds the bias and its dw
sums the bias' gradient, too. torch-packed (oneDNN) turns W once into a layout of its own, as a gradus net keeps its weights; the others get plain arrays."""
import array
import ctypes
import ctypes.util
import glob
import mmap
import os
import random
import re
import subprocess
import sys
import tempfile

import libraries

GROUP = 1  # the part of a case's name that the summary goes by: the product
HUGE = 1 << 21

# Calls are repeated in C: Python's own would cost as much as a small product.
REPEAT = """
#include <stddef.h>
#include <stdint.h>
typedef void cblas(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *, int);
typedef int dnnl(char, char, int64_t, int64_t, int64_t, float, const float *, int64_t, const float *, int64_t, float, float *, int64_t);
int repeat_cblas(cblas *f, size_t times, int ta, int tb, int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c) {
    for (; times > 0; times--) f(101, ta ? 112 : 111, tb ? 112 : 111, m, n, k, 1.0f, a, lda, b, ldb, 0.0f, c, n); /* row-major */
    return 0;
}
int repeat_dnnl(dnnl *f, size_t times, int ta, int tb, int m, int n, int k, const float *a, int lda, const float *b, int ldb, float *c) {
    for (int status; times > 0; times--)
        if ((status = f(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, 1.0f, a, lda, b, ldb, 0.0f, c, n)) != 0) return status;
    return 0;
}
"""


def cases(options, listed):
    # The cube is no layer's product; gradus-bench has it for nn, nt and tn.
    return [case for case in listed if re.match("gemm/(forward|dx|dw)/%s/(?!1024x1024x1024/)" % options.isa, case)]


def read(case):
    """The product, B, in, out."""
    fields = case.split("/")
    return (fields[GROUP],) + tuple(int(n) for n in fields[3].split("x"))


def operand(elements):
    """(its memory, its address): on 2 MB pages where there are any, as gradus-bench's arrays are; random numbers."""
    memory = mmap.mmap(-1, (4 * elements // HUGE + 2) * HUGE)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)
    begin = -ctypes.addressof(ctypes.c_char.from_buffer(memory)) % HUGE
    numbers = array.array("f", [random.uniform(-1, 1) for _ in range(min(elements, 9973))])
    memory[begin : begin + 4 * elements] = (numbers.tobytes() * (elements // len(numbers) + 1))[: 4 * elements]
    return memory, ctypes.addressof(ctypes.c_char.from_buffer(memory)) + begin


def operands(case):
    """(a, its columns, turned?), (b, its columns, turned?), c, and m, n, k."""
    form, batch, inputs, outputs = read(case)
    x, w, y = (operand(n) for n in (batch * inputs, inputs * outputs, batch * outputs))
    if form == "forward":
        return (x, inputs, 0), (w, outputs, 0), y, (batch, outputs, inputs)
    if form == "dx":
        return (y, outputs, 0), (w, outputs, 1), x, (batch, inputs, outputs)
    return (x, inputs, 1), (y, outputs, 0), w, (inputs, outputs, batch)


def repeater(interface):
    """The C function that calls a library's sgemm many times; compiled here and now."""
    with tempfile.TemporaryDirectory() as folder:
        source, built = os.path.join(folder, "repeat.c"), os.path.join(folder, "repeat.so")
        with open(source, "w") as file:
            file.write(REPEAT)
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-shared", "-fPIC", source, "-o", built], check=True, stdout=subprocess.DEVNULL)
        return ctypes.CDLL(built)["repeat_" + interface]


def library(name, *paths):
    path = next((found for pattern in paths for found in sorted(glob.glob(pattern))), None) or ctypes.util.find_library(name)
    if not path:
        raise ImportError("there is no lib%s.so" % name)
    return ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)


def sgemm(loaded, interface):
    """make of a C library's sgemm."""
    function, repeat = ctypes.cast(loaded["dnnl_sgemm" if interface == "dnnl" else "cblas_sgemm"], ctypes.c_void_p), repeater(interface)

    def make(case):
        (a, a_columns, a_turned), (b, b_columns, b_turned), c, (m, n, k) = operands(case)
        times = 1 + int(1e8 / (2.0 * m * n * k))  # a millisecond or so

        def call(keep=(a, b, c)):  # the memory lives as long as the call
            sizes = [ctypes.c_int(value) for value in (a_turned, b_turned, m, n, k)]
            pointers = [ctypes.c_void_p(a[1]), ctypes.c_int(a_columns), ctypes.c_void_p(b[1]), ctypes.c_int(b_columns), ctypes.c_void_p(c[1])]
            status = repeat(function, ctypes.c_size_t(times), *sizes, *pointers)
            if status:
                raise RuntimeError("sgemm returned %d" % status)

        return call, times

    return make


def text(function):
    function.restype = ctypes.c_char_p
    return function().decode()


def mkl_peer(threads):
    libraries.bind_openmp()
    loaded = library("mkl_rt", sys.prefix + "/lib/libmkl_rt.so*")
    words = ctypes.create_string_buffer(200)
    loaded.mkl_get_version_string(words, 200)
    return sgemm(loaded, "cblas"), re.sub(r".*?Version (\S+).*", r"MKL \1", words.value.decode().strip())


def openblas_peer(threads):
    libraries.bind_openmp()
    loaded = library("openblas")
    parallel = ("serial", "pthreads", "OpenMP")[loaded.openblas_get_parallel()]
    return sgemm(loaded, "cblas"), "%s, %s" % (" ".join(text(loaded.openblas_get_config).split()[:2]), parallel)


def blis_peer(threads):
    libraries.bind_openmp()
    loaded = library("blis")
    parallel = "OpenMP" if loaded.bli_info_get_enable_openmp() else "pthreads" if loaded.bli_info_get_enable_pthreads() else "serial"
    return sgemm(loaded, "cblas"), "BLIS %s, %s" % (text(loaded.bli_info_get_version_str), parallel)


def onednn_peer(threads):
    libraries.bind_openmp()
    loaded = library("dnnl")
    loaded.dnnl_version.restype = ctypes.POINTER(ctypes.c_int * 3)
    return sgemm(loaded, "dnnl"), "oneDNN %d.%d.%d" % tuple(loaded.dnnl_version().contents)


def torch_peer(threads):
    torch = libraries.load_torch(threads)
    torch.set_grad_enabled(False)

    def make(case):
        form, batch, inputs, outputs = read(case)
        x, w, y = torch.rand(batch, inputs), torch.rand(inputs, outputs), torch.rand(batch, outputs)
        a, b, c = {"forward": (x, w, y), "dx": (y, w.t(), x), "dw": (x.t(), y, w)}[form]
        return lambda: torch.mm(a, b, out=c), 1

    return make, "torch " + torch.__version__


def torch_packed_peer(threads):
    torch = libraries.load_torch(threads)
    torch.set_grad_enabled(False)

    def make(case):
        form, batch, inputs, outputs = read(case)
        if form != "forward":
            raise ValueError("torch packs weights for the forward product only")
        x, packed = torch.rand(batch, inputs), torch.ops.mkldnn._reorder_linear_weight(torch.rand(outputs, inputs), batch)
        return lambda: torch.ops.mkldnn._linear_pointwise(x, packed, None, "none", [], ""), 1

    return make, "torch %s, oneDNN with packed weights" % torch.__version__


def jax_peer(threads):
    import jax
    import jax.numpy as jnp

    products = {"forward": lambda x, w, d: x @ w, "dx": lambda x, w, d: d @ w.T, "dw": lambda x, w, d: x.T @ d}

    def make(case):
        form, batch, inputs, outputs = read(case)
        keys = jax.random.split(jax.random.PRNGKey(0), 3)
        arrays = [jax.random.uniform(key, shape, jnp.float32) for key, shape in zip(keys, ((batch, inputs), (inputs, outputs), (batch, outputs)))]
        jitted = jax.jit(products[form])
        return lambda: jitted(*arrays).block_until_ready(), 1

    return make, "jax " + jax.__version__


PEERS = {
    "mkl": mkl_peer,
    "openblas": openblas_peer,
    "blis": blis_peer,
    "onednn": onednn_peer,
    "torch": torch_peer,
    "torch-packed": torch_packed_peer,
    "jax": jax_peer,
}
DEFAULT = list(PEERS)
