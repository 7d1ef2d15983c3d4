"""Documents that have everything, as people write them."""

from __future__ import annotations

TRAINER = """\
apiVersion: nbmlops.dev/v1
kind: Trainer
metadata: {name: labels-train}
spec:
  model: labels
  pipeline: pipelines/labels
  interval: 10m
  retryInterval: 30s
  timeout: 2h
  suspend: false
  dependsOn: [tokenizer-train]
  maxAttempts: 3
  engine: dask
  parameters: {max_age_days: {from: max_age_days}, trees: 100}
  needs:
    any:
      - maxAge: 24h
      - drift: {deployment: prod, columns: 2}
      - performance: {deployment: prod, metric: accuracy, below: 0.81}
      - newRows: {data: data/labelled.csv, rows: 500}
      - dataChanged: {data: [data/labelled.csv]}
      - codeChanged: true
      - schedule: "0 4 * * 1"
      - upstream: {model: tokenizer, alias: champion}
      - registry: {tag: "localhost:5000/wine:staging"}
      - python: ops/needs.py:needs_train
      - url: http://127.0.0.1:8080/needsTrain
      - all: [{maxAge: 1h}, {codeChanged: true}]
  guard:
    cooldown: 6h
    maxRunsPerDay: 4
    budgetCpuHours: 8
    minRows: 1000
    windows: [{days: mon-fri, from: "22:00", to: "06:00", zone: Europe/Berlin}]
    pin: "7"
  gate:
    file: gate.yaml
    data: data/holdout.csv
    target: label
    against: champion
    contract: contract.yaml
    certificate: true
    signature: false
  publish:
    edit: {file: deploy/prod.yaml, pointer: /model/version, remote: origin, branch: main}
    branch: auto-update/labels-train
    approve: pr
    forge: ""
  history: {successful: 10, failed: 10}
"""

DEPLOYER = """\
apiVersion: nbmlops.dev/v1
kind: Deployer
metadata: {name: labels-deploy}
spec:
  model: labels
  desired: {file: deploy/prod.yaml, pointer: /model/version}
  deployment: labels
  deploy: {port: 8123, replicas: 1}
  guard: {cooldown: 1m}
"""

SMALL = """\
apiVersion: nbmlops.dev/v1
kind: Trainer
metadata: {name: NAME}
spec: {model: labels, pipeline: pipelines/labels, needs: {codeChanged: true}}
"""
