# Everything runs in .venv, made on first use from the pinned requirements.
PYTHON ?= python3
BIN := .venv/bin
# Snakemake starts `python` for its jobs; it must be the environment's.
export PATH := $(CURDIR)/$(BIN):$(PATH)

# Another study than the default one: make report STUDY=wine
STUDY ?=
CONFIG := $(if $(STUDY),--configfile studies/$(STUDY)/config.yaml)

.PHONY: report quick new-study test lint bench lock clean-venv

report: .venv/ready
	snakemake $(CONFIG)

quick: .venv/ready
	snakemake --configfile config/quick.yaml

# make new-study NAME=wine DATA=path/to/wine.csv TARGET=quality
new-study: .venv/ready
	@python workflow/scripts/new_study.py --name "$(NAME)" --data "$(DATA)" --target "$(TARGET)" --task "$(TASK)"

test: .venv/ready
	pytest

lint: .venv/ready
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow
	snakemake --lint

bench: .venv/ready
	python benchmarks/training.py
	python benchmarks/graph.py

# torch itself pins the CUDA packages that its Linux build needs; the CPU build needs none.
lock: .venv/ready
	pip install --quiet uv
	uv pip compile requirements.in -o requirements.txt --universal --python-version 3.11 \
	  --quiet --custom-compile-command "make lock" \
	  $(foreach package,$(CUDA_PACKAGES),--no-emit-package $(package))

CUDA_PACKAGES := cuda-bindings cuda-pathfinder cuda-toolkit triton nvidia-cublas \
  nvidia-cuda-cupti nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft \
  nvidia-cufile nvidia-curand nvidia-cusolver nvidia-cusparse nvidia-cusparselt-cu13 \
  nvidia-nccl-cu13 nvidia-nvjitlink nvidia-nvshmem-cu13 nvidia-nvtx

clean-venv:
	rm -rf .venv

.venv/ready: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; found $$($(PYTHON) --version). Try make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@
