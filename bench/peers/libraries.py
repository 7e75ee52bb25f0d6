"""Libraries as every peer loads them: with the settings that are best for them."""
import os


def bind_openmp():
    """Before a library with OpenMP threads is loaded: else a second thread may wake up on the first one's CPU and cost a scheduler's slice. Not for
    libraries with threads of their own: OpenMP binds the thread that loads it, and pools made later inherit its one CPU."""
    os.environ["OMP_PROC_BIND"] = "true"


def load_torch(threads):
    bind_openmp()
    os.environ["THP_MEM_ALLOC_ENABLE"] = "1"  # 2 MB pages, which gradus asks for, too
    import torch

    torch.set_num_threads(threads)
    return torch


def compiled(torch, function):
    """torch.compile, forgetting what was compiled before: it gives up silently when the same code has been compiled for eight nets or arrays."""
    torch.compiler.reset()
    return torch.compile(function)
