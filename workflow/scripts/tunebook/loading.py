"""A study as a whole: its configuration, claims, figures and article, read and checked.

The call that is typed loads it once. Jobs go by its plan, and import none of what checks it.
"""

import re
from pathlib import Path

from .claims import check_claims, load_claims
from .claims.register import form
from .figures.spec import asked_inputs, check_figures, load_figures, with_defaults
from .report.article import check_article
from .study.expand import expand
from .study.read import check_configuration, from_command_line, laid_over, plain, read_chain

# Measures along an input column: claims that name one have it computed.
ALONG = re.compile(r"^rank_(?:variance|squared_residual)_(.+)$")


def load_study(paths, given=None, folder=None):
    """The Study of some configuration files, each laid over the one before, and of `--config`.

    given: what Snakemake was told with `--config`, or all of it where there are no files. Claims,
    figures and article, which lie beside the last file, else in `folder`, are checked too. Raises
    TunebookError.
    """
    configuration = {}
    for path in paths:
        configuration = laid_over(configuration, read_chain(path))
    given = plain(given or {})
    configuration = laid_over(configuration, from_command_line(given) if paths else given)
    folder = Path(paths[-1]).parent if paths else folder
    study = expand(check_configuration(configuration), folder)
    supposed = study.supposed()
    description, rows = supposed.description(), supposed.rows()
    claims = load_claims(study.folder / "claims.yaml")
    study.untestable = check_claims(claims, rows, description)
    study.figures = with_defaults(load_figures(study.folder / "figures.yaml"), description, rows)
    check_figures(study.figures, description, [claim.id for claim in claims.claims])
    level = study.configuration["study"]["level"]
    study.forms = {claim.id: form(claim.rule, level, study.plan) for claim in claims.claims}
    study.absent = check_article(study.folder / "article.md", supposed, study.figures, claims)
    asked = {found[1] for name in claims.metrics if (found := ALONG.match(name))}
    study.along = sorted(asked | set(asked_inputs(study.figures)))
    return study
