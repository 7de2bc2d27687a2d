# Replicates until decided: each look judges the claims and asks for more where they are open; what it
# asks for is trained and evaluated, and looked at again. Included only where a problem says so.


checkpoint look:
    input:
        unpack(lambda w: gathered(looked(int(w.look)))),
        searches=shortlists(),
        claims=own_file("claims.yaml"),
        timing=rules.timing.output[0],
        provenance=provenance(),
        before=lambda w: looks(int(w.look)),
    output:
        f"{RESULTS}/looks/{{look}}.json",
    log:
        f"{LOGS}/looks/{{look}}.log",
    priority: FIRST
    conda:
        "../envs/tunebook.yaml"
    params:
        rows=lambda w: searched().rows(),
        study=lambda w: looked(int(w.look)).description(),
        runs=lambda w: of_runs(searched()),
        code=code("look"),
    script:
        "../scripts/look.py"


use rule evaluate as evaluate_added with:
    input:
        records=lambda w: added_files(w, "training.json"),
        weights=lambda w: added_files(w, "weights.safetensors"),
        choice=rules.choose.output[0],
        development=lambda w: prepared(w.problem, "development", added_replicates(w)),
        test=lambda w: prepared(w.problem, "test", added_replicates(w)),
        before=lambda w: looks(int(w.look)),
    output:
        metrics=f"{RESULTS}/evaluation/{{problem}}/look-{{look}}/metrics.csv",
        rows=f"{RESULTS}/evaluation/{{problem}}/look-{{look}}/rows.parquet",
        members=f"{RESULTS}/evaluation/{{problem}}/look-{{look}}/members.parquet",
        predictions=f"{RESULTS}/evaluation/{{problem}}/look-{{look}}/predictions.parquet",
        misread=f"{RESULTS}/evaluation/{{problem}}/look-{{look}}/misread.parquet",
    log:
        f"{LOGS}/evaluate/{{problem}}-look-{{look}}.log",
    params:
        first=lambda w: added_replicates(w).start,
