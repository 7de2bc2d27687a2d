"""Networks of the study's own: any torch.nn.Module class in a Python file of the study's folder.

The class is called with `inputs` (the number of features of a table; (channels, height, width) of
images), `outputs` (numbers for each row) and its arguments from the configuration. `forward` gets
[rows, features], or [rows, channels, height, width], and gives [rows, outputs], all of 32 bits.

R copies are trained by autograd, each with its own initial weights, buffers (running means) and
dropout. Where it is faster they are one computation, by torch.func.vmap, whose operations are found
once and then played from a tape. Where that is impossible (a random operation besides
torch.nn.Dropout, what depends on the values of data or on what Python remembers), they are trained
one by one. The results are the same to float rounding.
"""

import importlib.util
import itertools
import random
import sys
import traceback
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from ..jobs import TunebookError
from ..study.signature import arguments, code_hash
from .network import Network, parameter
from .tapes import Tape

# Copies are one computation as long as a step leaves at most so many numbers a copy in memory.
# Measured on one thread, with dense and convolutional modules, with and without batch-norm and
# dropout, for 1 to 10 copies: a step is then 1.0 to 14 times as fast, the more the fewer numbers;
# with 2 million or more it is 0.6 to 1.1 times as fast, since memory outweighs what is saved.
LARGEST = 1e6
# Rows that this is tried with.
TRIED = (5, 9)
# Rows of images that are predicted at once, so that their maps fit in memory.
IMAGES = 250


class Maker:
    """A class of the study's own, ready to be called; what fails in it is told by one message."""

    def __init__(self, configuration, inputs, outputs, folder):
        file, _, name = configuration["module"].rpartition(":")
        self.path = Path(folder, file)
        self.where = f"{self.path}:{name}"
        known = arguments(self.path, name)
        self.given = {key: configuration[key] for key in known if key in configuration}
        self.inputs, self.outputs = inputs, outputs
        self.shape = inputs if isinstance(inputs, tuple) else (inputs,)
        self.kind = load_module(self.path, name)
        if configuration.get("code") not in (None, code_hash(self.path)):
            raise TunebookError(f"{self.path}: changed since the study was started; start it again")

    def __call__(self, generator):
        """A new module, in training mode, its weights drawn from a generator, which stays as it is.

        Its first outputs, for two rows of zeros, are looked at; lazy layers find their sizes so.
        """
        with chance(generator.clone_state()), self.explained("could not be made"):
            module = self.kind(inputs=self.inputs, outputs=self.outputs, **self.given)
        with chance(generator.clone_state()), self.explained("forward failed"), torch.no_grad():
            found = module.eval()(torch.zeros(2, *self.shape))
        if not (torch.is_tensor(found) and found.shape == (2, self.outputs)):
            what = list(found.shape) if torch.is_tensor(found) else type(found).__name__
            self.refuse(f"forward gave {what} for 2 rows")
        trained = [each for each in module.parameters() if each.requires_grad]
        if not trained or any(t.dtype != torch.float32 for t in [found, *trained]):
            self.refuse("found no weights to train, or such of another type than 32-bit numbers")
        return module.train()

    @contextmanager
    def explained(self, what):
        """Whatever goes wrong in the study's own code, as one TunebookError with its line."""
        try:
            yield
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            lines = [frame.lineno for frame in frames if frame.filename == str(self.path)]
            line = f"line {lines[-1]}: " if lines else ""
            first = (str(error).splitlines() or [""])[0]
            self.refuse(f"{what}: {line}{type(error).__name__}: {first}")

    def refuse(self, what):
        """Raise the TunebookError that says what is wrong and what is expected."""
        given = "".join(f", {key}={value!r}" for key, value in self.given.items())
        sizes = ", ".join(map(str, self.shape))
        raise TunebookError(
            f"{self.where}: {what}; allowed: a torch.nn.Module that can be called with "
            f"inputs={self.inputs}, outputs={self.outputs}{given} and turns [rows, {sizes}] into "
            f"[rows, {self.outputs}]"
        ) from None


def load_module(path, name):
    """The torch.nn.Module class of that name in a Python file; TunebookError if there is none."""
    specification = importlib.util.spec_from_file_location(f"study_{path.stem}", path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    try:
        specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise TunebookError(
            f"{path}: could not be loaded: {type(error).__name__}: {error}; allowed: a Python file "
            "that can be imported by itself"
        ) from None
    found = getattr(module, name, None)
    if not (isinstance(found, type) and issubclass(found, torch.nn.Module)):
        raise TunebookError(f"{path}:{name}: found {found!r}; allowed: a class of torch.nn.Module")
    return found


def module_stack(configuration, inputs, outputs, generators, folder, rows):
    """The ModuleStack of a configuration; see `models.build`."""
    make = Maker(configuration, inputs, outputs, folder)
    most = most_together(make) if rows else 0
    if rows and rows <= most:
        return Together(make, generators, most)
    return OneByOne(make, generators)


@contextmanager
def chance(generator):
    """Let PyTorch's own random numbers come from a generator, and leave its state where they end.

    None: always from the same state.
    """
    generator = generator or torch.Generator()
    before = torch.default_generator.get_state()
    torch.default_generator.set_state(generator.get_state())
    try:
        yield
    finally:
        generator.set_state(torch.default_generator.get_state())
        torch.default_generator.set_state(before)


class ModuleStack(Network):
    """R copies of a module, of a kind that trains them one by one or as one computation."""

    def __init__(self, make, generators):
        self.make = make
        self.predicted = IMAGES if len(make.shape) > 1 else None
        self.copies = [make(generator) for generator in generators]
        kinds = [tensors_of(copy) for copy in self.copies]
        trained, kept = (
            {name: torch.stack([kind[which][name].detach() for kind in kinds]) for name in first}
            for which, first in enumerate(kinds[0])
        )
        super().__init__({name: parameter(value) for name, value in trained.items()}, kept)
        self.bind(kinds)

    def outputs(self, x, generators, compute, *arguments):
        """What computing outputs [R, rows, outputs] gives, if it can be done and is of this shape.

        Autograd watches if there are generators, which is in training.
        """
        training = generators is not None
        for copy in self.copies:
            if copy.training != training:
                copy.train(training)
        with torch.set_grad_enabled(training), self.make.explained("forward failed"):
            outputs = compute(*arguments)
        if outputs.shape != (*x.shape[:2], self.make.outputs):
            self.make.refuse(f"forward gave {list(outputs.shape[1:])} for {x.shape[1]} rows")
        return outputs


class OneByOne(ModuleStack):
    """Each copy is a module whose numbers are views of those kept here."""

    def bind(self, kinds):
        """Let the copies hold these views."""
        self.bound = []
        for slot, (copy, (trained, kept)) in enumerate(zip(self.copies, kinds, strict=True)):
            for name, value in trained.items():
                own = self.parameters[name]
                value.data, value.grad = own.value[slot], own.gradient[slot]
            views = {name: self.buffers[name][slot] for name in kept}
            for where, key, name in places(copy):
                if name in views:
                    where[key] = views[name]
                    self.bound.append((where, key, views[name]))

    def forward(self, x, generators=None):
        """(outputs [R, rows, outputs], trace for `backward`); see DenseStack.forward.

        generators: for all that is random in the module.
        """
        x = x.reshape(*x.shape[:2], *self.make.shape)
        outputs = self.outputs(x, generators, self.compute, x, generators or [None] * len(x))
        return outputs.detach(), outputs

    def backward(self, trace, gradient, add=False):
        """Write, or add, the gradients by all parameters; see DenseStack.backward."""
        if not add:
            self.gradients.zero_()
        with self.make.explained("its gradient failed"), torch.enable_grad():
            # That of a weighted sum is the same, bit by bit. Weights of its own import a library of
            # symbolic algebra, which takes half a second of every job.
            (trace * gradient).sum().backward()

    def compute(self, x, generators):
        """Outputs of the copies, one after the other."""
        outputs = []
        for copy, rows, generator in zip(self.copies, x, generators, strict=True):
            with chance(generator):
                # Of rows of its own, so that a module that works in place leaves the data alone.
                outputs.append(copy(rows.clone()))
        for where, key, view in self.bound:
            if where[key] is not view:
                view.copy_(where[key].detach())
                where[key] = view
        return torch.stack(outputs)


@dataclass
class Step:
    """The operations of a step: the first part of a tape gives outputs, the second gradients.

    inputs: [R, rows, ...] of the module. outputs: [R, rows, outputs]; gradient: of a loss by them.
    by_parameters: gradients by each parameter.
    """

    tape: Tape
    inputs: torch.Tensor
    outputs: torch.Tensor = None
    gradient: torch.Tensor = None
    by_parameters: tuple = ()


class Together(ModuleStack):
    """One module stands for all copies, by torch.func.vmap; its operations are played from tapes.

    steps: {(rows, whether in training): Step}, of those that were done once.
    """

    def __init__(self, make, generators, predicted):
        super().__init__(make, generators)
        self.predicted = predicted

    def bind(self, kinds):
        """Let the first copy stand for all: their numbers are put in while it is called."""
        template = self.copies[0]
        self.copies = [template]
        self.steps, self.generators = {}, None
        self.places = places(template)
        for module in template.modules():
            if type(module) is torch.nn.Dropout and module.p < 1:
                module.forward = partial(dropout, self, module)
        self.leaves = {
            name: own.value.detach().requires_grad_() for name, own in self.parameters.items()
        }

    def forward(self, x, generators=None):
        """(outputs, trace), as OneByOne gives them. A trace lasts until the next call."""
        x = x.reshape(*x.shape[:2], *self.make.shape)
        self.generators = generators
        kind = x.shape[1], generators is not None
        step = self.steps.get(kind)
        if step:
            step.inputs.copy_(x)
            step.tape.play(0)
            return step.outputs.clone(), step
        x = x.clone()
        self.tape = Tape(x, *self.buffers.values())
        step = Step(self.tape, x)
        step.outputs = self.outputs(x, generators, self.tape.record, self.compute, x)
        if generators is None:
            self.keep(kind, step)
        return step.outputs.detach().clone(), step

    def backward(self, step, gradient, add=False):
        """Write, or add, the gradients by all parameters; see DenseStack.backward."""
        if step.by_parameters:
            step.gradient.copy_(gradient)
            step.tape.play(1)
        else:
            step.gradient = gradient.clone()
            with self.make.explained("its gradient failed"):
                step.by_parameters = self.tape.record(self.pull_back, step)
            self.keep((gradient.shape[1], True), step)
        put = torch._foreach_add_ if add else torch._foreach_copy_
        put([own.gradient for own in self.parameters.values()], step.by_parameters)

    def keep(self, kind, step):
        """From now on play a step instead, if that gives the same."""
        step.outputs = step.outputs.detach()
        if step.tape.sound:
            self.steps[kind] = step

    def compute(self, x):
        """Outputs of all copies, as one computation."""
        outputs, kept = torch.func.vmap(self.call)(self.leaves, self.buffers, x)
        for name, value in kept.items():
            if value.data_ptr() != self.buffers[name].data_ptr():
                self.buffers[name].copy_(value.detach())
        return outputs

    def pull_back(self, step):
        """Gradients by all parameters, of a weighted sum of the outputs."""
        with torch.enable_grad():
            loss = (step.outputs * step.gradient).sum()
        return torch.autograd.grad(loss, list(self.leaves.values()), materialize_grads=True)

    def call(self, leaves, buffers, x):
        """Outputs and buffers of one copy, whose numbers are given by name."""
        numbers = leaves | buffers
        for where, key, name in self.places:
            where[key] = numbers[name]
        outputs = self.copies[0](x)
        return outputs, {name: where[key] for where, key, name in self.places if name in buffers}


def tensors_of(module):
    """({name: trained parameter}, {name: buffer or frozen parameter}) of a module."""
    named = dict(itertools.chain(module.named_parameters(), module.named_buffers()))
    trained = {name: tensor for name, tensor in named.items() if tensor.requires_grad}
    return trained, {name: tensor for name, tensor in named.items() if name not in trained}


def places(module):
    """[(dictionary, key, name)]: where the module and its parts keep each parameter and buffer."""
    names = {id(t): name for kind in tensors_of(module) for name, t in kind.items()}
    return [
        (where, key, names[id(tensor)])
        for part in module.modules()
        for where in (part._parameters, part._buffers)
        for key, tensor in where.items()
        if tensor is not None
    ]


class Kept(torch.autograd.Function):
    """Dropout's factors for copies that are one computation: each copy's from its own generator.

    They are drawn as torch.nn.functional.dropout draws them, so a copy by itself gets the same.
    """

    @staticmethod
    def forward(x, stack, rate):
        raise RuntimeError("only copies that are one computation come here")

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.mark_non_differentiable(output)

    @staticmethod
    def backward(ctx, gradient):
        return None, None, None

    @staticmethod
    def vmap(info, in_dims, x, stack, rate):
        factors = torch.empty(x.movedim(in_dims[0], 0).shape)
        copies = factors.unbind()

        def draw():
            for one, generator in zip(copies, stack.generators, strict=True):
                one.bernoulli_(1 - rate, generator=generator)
            factors.div_(1 - rate)

        stack.tape.call(draw)
        return factors, 0


def dropout(stack, module, x):
    """What a torch.nn.Dropout module does, for copies that are one computation."""
    if not module.training or module.p == 0:
        return x
    return x * Kept.apply(x, stack, module.p)


def most_together(make):
    """Up to how many rows in a step copies are faster as one computation; 0 if that is impossible.

    Tried with two copies and a few made-up rows: one computation must give what the copies give one
    by one. It is impossible, too, if vmap warns that it goes through the copies one by one, if a
    tape is not sound, and if the module remembers or draws anything that no tape knows of.
    """
    generators = [torch.Generator().manual_seed(seed) for seed in range(2)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            together = Together(make, generators, None)
            before = surroundings(together.copies[0])
            found = trial(together)
            after = surroundings(together.copies[0])
            expected = trial(OneByOne(make, generators))
        few, more = (together.steps[rows, True].tape.size() for rows in TRIED)
    except Exception:
        return 0
    same = (
        len(together.steps) == 2 * len(TRIED)
        and all(a is b for a, b in zip(before[0], after[0], strict=True))
        and before[1] == after[1]
        and all(
            torch.allclose(a, b, rtol=1e-3, atol=1e-3, equal_nan=True)
            for a, b in zip(found, expected, strict=True)
        )
    )
    of_a_row = (more - few) / (TRIED[1] - TRIED[0])
    most = int(TRIED[0] + (LARGEST * len(generators) - few) / of_a_row)
    return max(0, most) if same else 0


def surroundings(module):
    """What a module can go by besides tensors: objects that it holds, chance of other libraries."""
    attributes = (item for part in module.modules() for item in vars(part).items())
    held = [value for key, value in attributes if key != "training"]
    name, keys, *rest = np.random.get_state()
    return held, (random.getstate(), name, keys.tobytes(), *rest)


def trial(stack):
    """What steps and predictions, each done twice, leave: outputs, gradients, buffers."""
    count, chances = len(stack.values), torch.Generator().manual_seed(0)
    generators = [torch.Generator().manual_seed(seed) for seed in range(count)]
    found = []
    for rows in TRIED * 2:
        x = torch.randn(count, rows, *stack.make.shape, generator=chances)
        outputs, trace = stack.forward(x, generators)
        stack.backward(trace, outputs)
        found += [outputs, stack.gradients.clone(), stack.predict(x)]
    return [*found, *stack.state().values()]
