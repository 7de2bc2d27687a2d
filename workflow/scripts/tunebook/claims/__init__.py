"""Claims of the written analysis: read, checked before anything is trained, judged after."""

from .judge import check_claims, judge_claims
from .read import load_claims

__all__ = ["check_claims", "judge_claims", "load_claims"]
