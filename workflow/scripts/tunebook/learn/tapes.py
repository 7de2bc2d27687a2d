"""PyTorch operations that are watched once and played again on the same memory.

A step on few rows takes PyTorch longer to prepare than to compute: torch.func.vmap, autograd, views
and new memory take several times what the arithmetic takes. A Tape keeps the operations that are
left of all that. Playing them gives what a new computation gives, as long as the sizes stay and all
that changes from one time to the next lies in memory that the tape knows.
"""

from functools import cache, partial

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from . import columns, products

aten = torch.ops.aten


class Tape(TorchDispatchMode):
    """Records the parts of a computation and plays them; each result stays where it is in memory.

    memory: tensors that the computation may change. sound: whether playing gives what computing
    anew gives. It does not after an operation that draws random numbers, that tells Python a value,
    or that changes memory which neither was given nor comes from the tape.
    """

    def __init__(self, *memory):
        super().__init__()
        self.known = {place(tensor): tensor for tensor in memory}
        self.parts, self.columns = [], {}
        self.watching = self.sound = True

    @classmethod
    def _should_skip_dynamo(cls):
        # Else PyTorch's compiler is imported, only to be told to leave this class alone.
        return False

    def size(self):
        """Numbers in all the memory that it knows."""
        return sum(tensor.numel() for tensor in self.known.values())

    def record(self, function, *arguments):
        """What a function returns; its operations become the next part."""
        self.parts.append([])
        with self:
            return function(*arguments)

    @torch.no_grad()
    def play(self, part):
        """Do again what a part did."""
        for call in self.parts[part]:
            call()

    def call(self, function):
        """Call a function unwatched, now and whenever the part that is recorded is played."""
        self.watching = False
        function()
        self.watching = True
        self.parts[-1].append(function)

    def __torch_dispatch__(self, operation, types, arguments=(), named=None):
        named = named or {}
        if not self.watching:
            return operation(*arguments, **named)
        if columns.fit(operation, arguments):
            with self:
                return columns.CONVOLUTIONS[operation](self.columns, *arguments)
        results = operation(*arguments, **named)
        self.keep(operation, arguments, named, results)
        return results

    def keep(self, operation, arguments, named, results):
        """Let playing the part do an operation that gave some results."""
        found = [each for each in tree_leaves(results) if each is not None]
        tensors = [each for each in found if torch.is_tensor(each)]
        again = {torch.Tag.nondeterministic_seeded, torch.Tag.dynamic_output_shape}
        self.sound &= len(tensors) == len(found) and again.isdisjoint(operation.tags)
        if operation._schema.is_mutable:
            changed = written(operation, arguments, named)
            self.sound &= all(place(tensor) in self.known for tensor in changed)
            self.parts[-1].append(partial(operation, *arguments, **named))
            return
        given = {place(each) for each in tree_leaves((arguments, named)) if torch.is_tensor(each)}
        new = {place(tensor): tensor for tensor in tensors}
        if new.keys() - given:  # Else it gave views, which stay as they are.
            self.known |= new
            self.parts[-1].append(into(operation, arguments, named, tensors))


def place(tensor):
    """Where a tensor's memory begins; views of it have the same place."""
    return tensor.untyped_storage().data_ptr()


def written(operation, arguments, named):
    """The tensors among its arguments that an operation writes to."""
    known = operation._schema.arguments
    given = dict(zip((each.name for each in known), arguments, strict=False)) | named
    names = (each.name for each in known if each.alias_info and each.alias_info.is_write)
    return [each for each in tree_leaves([given.get(name) for name in names]) if each is not None]


def into(operation, arguments, named, results):
    """A function that does an operation and writes its results over those it gave before."""
    if operation is aten.bmm.default:
        return product(*arguments, *results)
    variant, names = out_variant(operation)
    if variant and len(names) == len(results):
        return partial(variant, *arguments, **named, **dict(zip(names, results, strict=True)))

    def copied():
        tensors = (each for each in tree_leaves(operation(*arguments, **named)) if each is not None)
        for result, tensor in zip(results, tensors, strict=True):
            result.copy_(tensor)

    return copied


@cache
def out_variant(operation):
    """(the same operation writing to given results, the names of those); (None, ()) without one."""
    same = [(each.name, str(each.type)) for each in operation._schema.arguments]
    for variant in operation.overloadpacket.op_overloads():
        known = variant._schema.arguments
        names = [each.name for each in known if each.is_out]
        rest = [(each.name, str(each.type)) for each in known if not each.is_out]
        if names and rest == same:
            return variant, names
    return None, ()


def product(a, b, result):
    """A function that writes the products of matrices [S, n, k] and [S, k, m] into [S, n, m]."""
    library = products.chosen()
    # NumPy copes badly with products of vectors, and with steps along both sides of a matrix.
    if a.shape[2] == 1 or any(1 not in tensor.stride()[1:] for tensor in (a, b)):
        library = products.LIBRARIES["torch"]
    a, b, result = (library.operand(tensor.detach()) for tensor in (a, b, result))
    return partial(library.multiply, a, b, out=result)
