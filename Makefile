# Everything runs in .venv, made on first use from the pinned requirements.
PYTHON ?= python3
BIN := .venv/bin
# Snakemake starts `python` for its jobs; it must be the environment's.
export PATH := $(CURDIR)/$(BIN):$(PATH)

# Another study than the default one: make report STUDY=wine
STUDY ?=
CONFIG := $(if $(STUDY),--configfile studies/$(STUDY)/config.yaml)

.PHONY: report quick new-study test lint bench lock clean-venv

# By `python -m`, since the scripts of an environment keep the name of the folder it was made in.
report: .venv/ready
	$(BIN)/python -m snakemake $(CONFIG)

quick: .venv/ready
	$(BIN)/python -m snakemake --configfile config/quick.yaml

# make new-study NAME=wine DATA=path/to/wine.csv TARGET=quality
new-study: .venv/ready
	@$(BIN)/python workflow/scripts/new_study.py --name "$(NAME)" --data "$(DATA)" --target "$(TARGET)" --task "$(TASK)"

# The files of tests side by side; what several tests of a file need is made once.
test: .venv/ready
	$(BIN)/python -m pytest -n auto --dist loadfile

lint: .venv/ready
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m snakefmt --check Snakefile workflow
	$(BIN)/python -m snakemake --lint

bench: .venv/ready
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/study.py
	$(BIN)/python benchmarks/graph.py
	$(BIN)/python benchmarks/verdicts.py

# torch itself pins the CUDA packages that its Linux build needs; the CPU build needs none.
lock: .venv/ready
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile requirements.in -o requirements.txt --universal --python-version 3.11 \
	  --quiet --custom-compile-command "make lock" \
	  $(foreach package,$(CUDA_PACKAGES),--no-emit-package $(package))
	{ sed '/^  - pip:/q' $(CONDA); sed -n 's/^\([a-z].*==.*\)/      - \1/p' requirements.txt; } > $(CONDA).new
	mv $(CONDA).new $(CONDA)

# Snakemake copies this file to where environments lie, so that it cannot name another one.
CONDA := workflow/envs/tunebook.yaml

CUDA_PACKAGES := cuda-bindings cuda-pathfinder cuda-toolkit triton nvidia-cublas \
  nvidia-cuda-cupti nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft \
  nvidia-cufile nvidia-curand nvidia-cusolver nvidia-cusparse nvidia-cusparselt-cu13 \
  nvidia-nccl-cu13 nvidia-nvjitlink nvidia-nvshmem-cu13 nvidia-nvtx

clean-venv:
	rm -rf .venv

# An environment whose Python has gone is made again.
$(shell $(BIN)/python -c "" 2>/dev/null || rm -f .venv/ready)

# The versions of Python that PyTorch is built for.
PYTHONS := 3.11 3.12 3.13 3.14

# On Linux, PyTorch comes with several gigabytes for graphics cards, which no study here uses, unless
# its build for processors is asked for; where that cannot be had, what there is will do.
.venv/ready: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] not in "$(PYTHONS)".split())' || \
	  { echo "Python $(subst $(space),$(comma) ,$(PYTHONS)) is needed; found $$($(PYTHON) --version 2>&1). Name one: make PYTHON=python3.12"; exit 1; }
	@echo "Making the environment in .venv: about 2 GB on disk, once. If it is interrupted, make goes on."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@[ "$$(uname -s)" != Linux ] || $(BIN)/python -c "import torch" 2>/dev/null || \
	  $(BIN)/uv pip install --quiet --torch-backend cpu --python $(BIN)/python "$$(grep '^torch==' requirements.txt)" 2>/dev/null || \
	  echo "PyTorch's small build for processors is not to be had here; taking what pip finds, which may be several gigabytes."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

comma := ,
space := $(subst ,, )
