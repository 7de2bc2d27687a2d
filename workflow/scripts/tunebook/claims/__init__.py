"""Statements of the written analysis: read, checked before anything is trained, judged after."""

from .judging import judge_claims
from .reading import check_claims, load_claims

__all__ = ["check_claims", "judge_claims", "load_claims"]
