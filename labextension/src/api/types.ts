// Made by docs/make.py from the verb table and its documents. Do not edit: python docs/make.py --texts

/** Shape of the answers: `api` of the table. */
export const API = 1;

/** A snapshot that cannot be restored whole. */
export interface Affected {
  snapshot: string;
  taken: string;
  message: string;
  run: string | null;
  /** How many of its files, or 1 where its own list is damaged. */
  missing: number;
  /** The first of them. */
  paths: string[];
}

export interface AnnotateRequest {
  /** Id, the beginning of one, or the name of the newest. */
  run: string;
  /** Call it so. */
  name?: string;
  /** Set a tag. */
  tag?: string[];
  /** Take a tag away. */
  untag?: string[];
  /** Write a note (Markdown) in place of the old one; an empty one takes it away. */
  note?: string | null;
}

export interface AnnotateResult {
  /** As it is now. */
  run: RunView;
  /** The name until now. */
  before: string;
  note: string;
}

export interface ApproveRequest {
  /** The reconciler. */
  name: string;
}

export interface ApproveResult {
  reconciler: ReconcilerView;
  proposal: Proposal;
  /** Of the branch that deployments go by. */
  commit: string;
  /** The command that takes it back. */
  undo: string;
}

export interface Attempt {
  /** Idempotency key: of the reconciler, what is wanted, pipeline, code and data. */
  key: string;
  /** Of those with this key, from 1. */
  number: number;
  began: string;
  ended: string | null;
  state: ReconcilerState;
  phase: Phase;
  /** The need, in a line. */
  why: string;
  /** The needs that held, each with what makes it this one. */
  wanted: string[];
  /** Digest of what it is made of. */
  inputs: string;
  parameters: { [name: string]: unknown };
  /** What it was begun with: rows and digests of data, digest of code, versions of other models. */
  seen: { [name: string]: string };
  /** The pipeline's, in MLflow. */
  run: string;
  /** That it made, or that it deploys. */
  version: string;
  /** Of the gate, in a line. */
  verdict: string;
  /** Of the gate: champion and challenger, as Markdown. */
  table: string;
  error: string;
  cpu_seconds: number | null;
  /** How often it was gone on with after somebody was killed in it. */
  resumed: number;
}

/** One answer of a row: `base` and all parts add up to it. */
export interface AttributionOutcome {
  /** The class whose probability it is; empty: the value. */
  of: string;
  answer: number | null;
  /** The mean answer over the background rows. */
  base: number | null;
  /** The largest first. */
  parts: Part[];
}

/** What share of the values is there, before and after, from 0 to 1. */
export interface Bar {
  label: string;
  share_before: number;
  share_after: number;
}

export interface BatchRequest {
  /** What scores: a package, a run or a registered model. */
  model: string;
  /** CSV or Parquet: a file, a folder of files, a pattern in quotes, an address. */
  input: string;
  /** A file (.parquet, .csv), a folder of files, the address of a file. */
  output: string;
  /** Write this column of the input, too; `all`: all of them. */
  keep?: string[];
  /** Of a row that the model cannot be asked about: stop, leave it out, or have no prediction for it. */
  on_error?: 'fail' | 'null' | 'skip';
  /** Of files whose names do not tell. */
  format?: 'csv' | 'parquet' | null;
  /** Processes that score. Default: one for each core. */
  workers?: number;
  /** Where they run: here, or on a cluster of Dask's. */
  on?: 'dask' | 'local';
  /** Of the cluster, as in tcp://10.0.0.5:8786. Default: DASK_SCHEDULER_ADDRESS. */
  scheduler?: string;
  /** About how many rows are scored, and lost, together. Default: 262144; of CSV 16 MiB. */
  part_rows?: number;
  /** Replace an output that is there. */
  overwrite?: boolean;
  /** Make no MLflow run and no snapshot of it. */
  no_track?: boolean;
  /** Only show the model, the rows and the parts. */
  dry_run?: boolean;
  /** What a package has to be. Default: nbmlops-policy.yaml here. */
  policy?: string;
  /** Let a model run its code that nobody trusted has signed. */
  trust?: boolean;
  /** Without TLS. It is so by itself for 127.0.0.1 and localhost with a port. */
  plain_http?: boolean;
}

export interface BatchResult {
  /** Its package. */
  model: string;
  digest: string;
  input: string;
  files: number;
  output: string;
  /** Of the input; None where only scoring tells: a CSV file before it. */
  rows: number | null;
  written: number;
  /** Rows that the model could not be asked about. */
  failed: number;
  parts: number;
  /** That were finished by an earlier call. */
  kept_parts: number;
  /** What an earlier call has left was of another model, input or options. */
  is_anew: boolean;
  is_dry_run: boolean;
  /** MLflow run id. */
  run: string;
  /** Of the output, where it lies in the project. */
  snapshot: string;
  output_digest: string;
  seconds: number;
}

export interface BestTrial {
  number: number;
  value: number | null;
  /** Of the swept parameters, as Python writes them. */
  values: { [name: string]: string };
  run: string;
}

/** Rows whose probability was about the same. */
export interface Bin {
  low: number | null;
  high: number | null;
  rows: number;
  /** Mean probability. */
  predicted: number | null;
  /** Share of the rows where it came true. */
  observed: number | null;
}

export interface Calibration {
  /** The class whose probability it is; empty: that of the class that was predicted. */
  of: string;
  /** Mean distance of predicted and observed, by rows (ECE). */
  error: number | null;
  bins: Bin[];
}

export interface Categories {
  /** The most frequent first. */
  counts: { [name: string]: number };
  /** Rows of those that are not among them. */
  other: number;
}

export interface Cell {
  index: number;
  id: string;
  kind: CellKind;
  /** First line. */
  preview: string;
  /** The step that it would be in. A definition that several steps use is in none: each has it in its header. */
  step: string;
  is_parameters: boolean;
  /** Why a pipeline of this notebook has it. */
  kept: string;
  /** Why it has not. */
  dropped: string;
  /** Why its outputs no longer fit. */
  stale: string;
  /** The newest MLflow run that it has made. */
  run: string;
  run_name: string;
  run_status: string;
  /** `[n]` of its last execution, as all below. */
  count: number | null;
  executed: string | null;
  seconds: number | null;
  /** ok, error or interrupted; empty: never executed while tracked. */
  outcome: string;
  error: string;
  reads: CellFile[];
  writes: CellFile[];
}

/** A cell of a notebook that was added, removed or edited. */
export interface CellChange {
  /** Its id. */
  cell: string;
  change: ChangeKind;
  before: string;
  after: string;
}

export interface CellFile {
  path: string;
  bytes: number | null;
}

export type CellKind = 'code' | 'markdown' | 'raw';

export interface CellStep {
  name: string;
  title: string;
  cells: number[];
  needs: string[];
  takes: string[];
  gives: Value[];
  parameters: string[];
  /** What its cells took when they were executed last; None where none was. */
  seconds: number | null;
}

export interface CellStory {
  /** Index among all cells of the notebook. */
  cell: number;
  id: string;
  count: number | null;
  /** First line. */
  preview: string;
  stays: boolean;
  why: string;
  /** From which cells. */
  reads: Link[];
  defines: string[];
  /** Variables whose objects it may change, aliases included. */
  mutates: string[];
  needed_by: Link[];
  files_read: string[];
  files_written: string[];
  /** Hidden state that it uses or changes: random generators, the current figure, settings. */
  state: string[];
  /** What makes it come out otherwise each time. */
  chance: string[];
  /** Where it waits for somebody to type. */
  asks: string[];
  /** Names that it uses where nothing has bound them. */
  unbound: string[];
}

export interface CellsRequest {
  /** The notebook. */
  notebook: string;
}

export interface CellsResult {
  /** Relative to the project. */
  notebook: string;
  language: string;
  cells: Cell[];
  steps: CellStep[];
  flows: Passed[];
  parameters: Parameter[];
  /** Why the notebook cannot be cut into steps. */
  problem: string;
  /** The live kernel of this notebook that records, if there is one. */
  tracking: Tracking | null;
}

export interface Certificate {
  kind: 'certificate';
  version: number;
  /** Identity of the pipeline. */
  pipeline: string;
  /** Digest of the source notebook's code cells. */
  notebook: string;
  verdict: CertificateVerdict;
  made: string;
  /** Largest relative difference at which two floating-point figures count as equal. */
  tolerance: number;
  comparisons: Comparison[];
  reason: string;
  parameters: { [name: string]: unknown };
}

export type CertificateVerdict = 'EQUIVALENT' | 'DIVERGES' | 'NOT COMPARABLE';

export interface Change {
  path: string;
  change: ChangeKind;
  /** Size in bytes. */
  before: number | null;
  after: number | null;
}

export type ChangeKind = 'added' | 'removed' | 'changed';

/** The event `nbmlops/changed`. */
export interface Changed {
  folder: string;
  rev: number;
  changed: DocumentsKind[];
}

export interface Changes {
  /** The project's folder, as events call it. */
  folder: string;
  /** Grows with each change, also across restarts of the server. */
  rev: number;
  /** What has changed since the rev that was asked for; everything where that is not known any more. */
  changed: DocumentsKind[];
}

export interface Check {
  name: string;
  is_good: boolean;
  found: string;
  /** What to type where it is not good. */
  remedy: string;
}

/** A signature, or a signed statement. Whether it holds, `verify` says. */
export interface Claim {
  /** signature, provenance, bill of materials, or the type of another statement. */
  what: string;
  /** `tag` or `bundle`: the two ways in which `cosign` keeps them. */
  form: string;
  /** Fingerprint of the key that it names; empty where it names none. */
  key: string;
  /** RFC 3339, where it says so. */
  made: string;
  /** Of the manifest that carries it. */
  digest: string;
}

export interface Code {
  path: string;
  description: string;
  license: string;
  digest: string;
  diffId: string;
}

export interface Column {
  name: string;
  kind: 'category' | 'datetime' | 'empty' | 'number' | 'text';
  /** As the table called it. */
  dtype: string;
  rows: number;
  missing: number;
  /** Exact up to 128, estimated above (a relative error of 9 %, one deviation). */
  distinct: number;
  /** The least 128 of the values' 32-bit hashes: what `distinct` is made of, and merged by. */
  hashes: number[];
  numbers: Numbers | null;
  categories: Categories | null;
  texts: Texts | null;
  /** Values that are of another type than most. */
  mixed: number;
  /** Of datetimes. */
  zone: string;
}

/** A column of a table that is not as it was. */
export interface ColumnChange {
  name: string;
  change: ChangeKind;
  type_before: string;
  type_after: string;
  nulls_before: number;
  nulls_after: number;
  /** Of numbers. */
  mean_before: number | null;
  mean_after: number | null;
  /** How many values changed, row by row; None where rows cannot be matched by their position. */
  cells: number | null;
  /** How far the distribution moved, from 0 to 1: Kolmogorov-Smirnov for numbers, total variation for the rest. */
  shift: number;
  /** Its distribution before and after, for a small chart: in ranges for numbers, by value for the rest. */
  bars: Bar[];
}

export interface ColumnDrift {
  name: string;
  kind: 'category' | 'datetime' | 'empty' | 'number' | 'text';
  verdict: DriftVerdict;
  /** The one that decides first. */
  measures: Measure[];
  /** A footnote, corrected for the number of columns (Holm): many rows make any difference significant. */
  p_value: number | null;
  /** In a sentence, with units. */
  why: string;
  shape: Shape | null;
  /** Share of the model's answers that comes from it, where that is known. */
  importance: number | null;
}

/** What a table of runs may show, sorted; at most `MOST_NAMES` of each. */
export interface Columns {
  metrics: string[];
  params: string[];
  experiments: string[];
}

export interface CompareRequest {
  /** Two or more runs, by id or name. */
  runs: string[];
  /** Show parameters that do not differ, too. */
  all?: boolean;
}

export interface CompareResult {
  runs: RunView[];
  metrics: Row[];
  params: Row[];
  /** Changes of the data between the first run and the last. */
  data: Change[];
  code: Change[];
  same_code: boolean;
  same_data: boolean;
}

export interface Comparison {
  name: string;
  /** The step that gave the value last. */
  step: string;
  verdict: CertificateVerdict;
  /** Summary of the notebook's value. */
  expected: string;
  /** Summary of the pipeline's value. */
  actual: string;
  /** The first difference, or why there is no comparison. */
  difference: string;
  /** What makes the value come out otherwise at every run of the notebook, where that is why. */
  causes: string[];
}

export interface CompileRequest {
  /** Folder of the pipeline. */
  pipeline: string;
  /** The engine: kfp, tekton. */
  to: string;
  /** Holds nbmlops, what the steps import, and the project. */
  image: string;
  /** Where the project lies in the image. Default: /project. */
  project_folder?: string;
  /** Folder for the files. Default: in the pipeline's, named as the engine. */
  output?: string;
  /** An option of the engine: storage=20Gi. */
  engine_option?: string[];
  /** Replace files that are there. */
  force?: boolean;
}

export interface CompileResult {
  pipeline: string;
  to: string;
  folder: string;
  /** Names in the folder. */
  files: string[];
}

export interface Condition {
  /** Ready, Reconciling or Stalled. */
  type: string;
  status: Status;
  /** In one word: InSync, CoolDown, PipelineFailed... */
  reason: string;
  message: string;
  since: string;
}

export interface Confusion {
  labels: string[];
  /** A row for each true label, a column for each predicted one. */
  counts: number[][];
}

/** One rule, and whether it is kept. */
export interface ContractOutcome {
  kind: RuleKind;
  columns: string[];
  passed: boolean;
  /** In a sentence, with the figures. */
  why: string;
  severity: Level;
  /** Rows that break it; columns where the rule is about columns. */
  broken: number;
  /** Of the rows that it is about. */
  share: number | null;
  allowed: number | null;
  /** The first of them. */
  offenders: Offender[];
  line: number;
}

export interface CorrectionsRequest {
  /** The deployment. */
  name: string;
  /** The file: .csv, .parquet or .jsonl. It is written anew each time. */
  output: string;
  /** What the column of labels is called. */
  target?: string;
  /** Only of requests of that long. */
  since?: string;
}

export interface CorrectionsResult {
  deployment: string;
  file: string;
  rows: number;
  /** Labels of requests that are not kept. */
  unknown: number;
  /** False: the file has held the same rows already, and was left as it is. */
  is_new: boolean;
  notes: string[];
}

/** One metric of one run; the three lists have one entry a point, in order of steps. */
export interface Curve {
  run: string;
  run_name: string;
  metric: string;
  /** Points that were logged. */
  total: number;
  steps: number[];
  /** Milliseconds since 1970. */
  times: number[];
  /** `nan`, `inf` and `-inf` are text: JSON has no such numbers. */
  values: (number | string | null)[];
}

/** Where a step begins because it was measured that this pays. */
export interface Cut {
  step: string;
  /** Index of the notebook cell that it begins with. */
  cell: number;
  /** Of the values that are handed over there. */
  bytes: number;
  /** What a later run saves that changes nothing before it. */
  seconds: number;
  why: string;
}

export interface Damage {
  /** `pack`, `chunk`, `recipe`, `record` or `object`. */
  what: string;
  /** Digest. */
  name: string;
  /** The pack it lies in. */
  pack: string;
  why: string;
}

export interface Data {
  place: string;
  /** BLAKE3 of the file. */
  digest: string;
  bytes: number;
  /** That were evaluated. */
  rows: number;
  /** Rows without a target. */
  left_out: number;
  target: string;
  /** What is odd about them, a sentence each. */
  notes: string[];
}

export interface Dataset {
  name: string;
  path: string;
  /** Where the data stay: an address, or a reference to another package. Then they are not packed. */
  remotePath: string;
  remoteHash: string;
  description: string;
  license: string;
  parameters: unknown;
  digest: string;
  diffId: string;
}

/** A file that a run read, as MLflow's dataset input: real source, full digest. */
export interface DatasetUse {
  name: string;
  /** Relative to the project; absolute when outside of it. */
  path: string;
  digest: string;
  size: number;
  /** `training` where a model was fitted with it, else `read`. */
  context: string;
}

export interface DeleteRequest {
  /** Ids, beginnings of them, or names of the newest. */
  runs: string[];
}

export interface DeleteResult {
  /** Those that were named. */
  runs: RunView[];
  /** Those inside them, which went with them. */
  inside: RunView[];
}

/** The mean answer if all rows had the same value in a column (partial dependence). */
export interface Dependence {
  column: string;
  /** As they are shown, in order. */
  values: string[];
  /** The same on an axis; empty for values that are no numbers. */
  places: (number | null)[];
  answers: (number | null)[];
}

export interface DeployRequest {
  /** What is deployed: a package, a run or a registered model. Without: the share of the canary is changed, or what was stopped is started. */
  package?: string;
  /** What the deployment is called. Default: as the package. */
  name?: string;
  /** Where it runs. Default: as before, else a process. For a cluster, documents are written. */
  target?: 'container' | 'kserve' | 'kubernetes' | 'process' | null;
  /** Where it answers. Default: as before, else the first free one from 8090 on. */
  port?: number;
  /** Default: as before, else this machine only: 127.0.0.1. */
  host?: string;
  /** Processes of each revision. Default: as before, else 1. */
  replicas?: number;
  /** That a replica may take, such as 2GiB. Default: as before, else without a limit. */
  memory?: string;
  /** Percent of the requests that the new revision answers; 100: all. */
  canary?: number | null;
  /** Ask the new revision as well, and only compare its answers. */
  shadow?: boolean;
  /** Keep what is asked and answered, to watch over the model. */
  monitor?: boolean;
  /** Keep it no longer. */
  no_monitor?: boolean;
  /** Of the requests, that is kept: from 0 to 1. Default: as before, else all. */
  share?: number | null;
  /** A column whose values are not kept. Default: as before. */
  redact?: string[];
  /** What rows have to be: a file of `validate`. Default: as the revision before. */
  contract?: string;
  /** Hold rows against it no longer. */
  no_contract?: boolean;
  /** What becomes of rows that break it: counted, refused, or kept apart. Default: as before, else counted. */
  on_breach?: 'quarantine' | 'reject' | 'warn' | null;
  /** Of the service, as `nbmlops image` has made it. For containers and clusters. */
  image?: string;
  /** Where KServe finds the model, in place of an image. */
  storage?: string;
  /** Folder of a cluster's documents. Default: deployments/NAME. */
  output?: string;
  /** Give a cluster's documents to kubectl, too. */
  apply?: boolean;
  /** Refuse a revision whose answers differ by more from those of the one before. */
  max_difference?: number | null;
  /** What a package has to be. Default: nbmlops-policy.yaml here. */
  policy?: string;
  /** Let a model run its code that nobody trusted has signed. */
  trust?: boolean;
  /** Start whatever should run here and does not, after the machine was off. */
  restore?: boolean;
  /** Without TLS. It is so by itself for 127.0.0.1 and localhost with a port. */
  plain_http?: boolean;
}

export interface DeployResult {
  deployments: DeploymentView[];
  /** That was made; 0: none. */
  revision: number;
  replay: Replay | null;
  /** Logged ones that were asked of both revisions; None where none were logged. */
  requests: Replayed | null;
  /** What callers send is in there. */
  token_file: string;
  is_first: boolean;
  /** Documents for a cluster, in place of a deployment here. */
  manifests: Manifests | null;
}

/** What a revision has answered since the router runs. */
export interface DeploymentTraffic {
  requests: number;
  /** With a status of 500 or more. */
  failed: number;
  /** Seconds, of the newest thousand. */
  p50: number | null;
  p99: number | null;
  /** Answers of a shadow that were others than those that were given. */
  differing: number;
}

export interface DeploymentView {
  name: string;
  state: DeploymentViewState;
  target: string;
  address: string;
  /** That each revision should have. */
  replicas: number;
  /** Newest first. */
  revisions: RevisionView[];
  /** What callers send is in there. */
  token_file: string;
  /** What is asked and answered is kept. */
  monitored: boolean;
  /** Of the router. */
  pid: number;
  since: string | null;
  /** That the stable revision holds rows against, and what becomes of others: `contract.yaml (reject)`. */
  contract: string;
  problem: string;
  /** None: nobody has looked yet. */
  watched: Watched | null;
}

export type DeploymentViewState = 'healthy' | 'starting' | 'degraded' | 'down' | 'stopped';

export interface DeploymentsRequest {
  /** Only this one, with all its revisions. */
  name?: string;
}

export interface DeploymentsResult {
  deployments: DeploymentView[];
  /** That was asked for. */
  name: string;
}

/** A blob by its content. `digest` is `sha256:` and 64 hexadecimal characters; `size` is in bytes. */
export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  annotations: { [name: string]: string };
  artifactType: string;
  platform: { [name: string]: unknown } | null;
}

export interface DiffRequest {
  /** A snapshot, a run, `data` / `code` for the newest, or a package NAME:TAG. */
  before: string;
  /** Another; without it, the files as they are now. */
  after?: string;
  /** Of runs, compare the code instead of the data. */
  code?: boolean;
  /** Only which files changed, without looking into them. */
  names?: boolean;
  /** Without TLS. It is so by itself for 127.0.0.1 and localhost with a port. */
  plain_http?: boolean;
  /** Certificate of the authority that signed the registry's. */
  ca?: string;
  /** Take whatever certificate the registry has. */
  insecure?: boolean;
}

export interface DiffResult {
  before: string;
  /** Empty: the files as they are now. */
  after: string;
  changes: Change[];
  /** How many files did not change; of packages, in the layers that differ. */
  same: number;
  /** Inside of changed tables, notebooks and text. */
  details: FileDetail[];
  /** Where both are runs: parameters, metrics, packages, and what probably explains the difference. */
  runs: RunDiff | null;
  /** Where both are packages: their layers and Kitfiles. */
  packages: PackageDiff | null;
}

/** A row that the two answer differently. */
export interface Differing {
  inputs: { [name: string]: unknown };
  old: unknown;
  new: unknown;
}

export interface Docs {
  path: string;
  description: string;
  digest: string;
  diffId: string;
}

export interface DoctorRequest {
}

export interface DoctorResult {
  versions: { [name: string]: string };
  checks: Check[];
  /** What tracking has changed in this kernel; `%unload_ext nbmlops` puts it back. */
  patched: string[];
  /** Settings that are not the default, and where each comes from. */
  origins: { [name: string]: string };
}

/** What may have changed in a project. */
export type DocumentsKind = 'runs' | 'records' | 'jobs' | 'files' | 'packages' | 'deployments' | 'reconcilers';

export interface Drift {
  /** As it was called. */
  reference: string;
  current: string;
  reference_rows: number;
  current_rows: number;
  /** Worst first. */
  columns: ColumnDrift[];
  together: Multivariate[];
  /** From all rows; False: from profiles (within 2 %). */
  is_exact: boolean;
  /** Share of the model's importance that lies in columns that have drifted. */
  weighted: number | null;
  notes: string[];
}

export interface DriftRequest {
  /** A table, SNAPSHOT:path, a profile (.json); or a run or package: what its model was trained on. */
  reference: string;
  /** A table, SNAPSHOT:path or a profile. */
  current: string;
  /** Only these columns. */
  columns?: string[];
  /** From when on a column has drifted: psi=0.2, ks=0.2, missing=0.1, new=0.05, words=0.3. */
  limit?: string[];
  /** Another measure as well, by its name: energy, or one that a package brings. Needs both tables. */
  also?: string[];
  /** Ask as well whether all columns together have moved. Takes seconds; needs both tables. */
  together?: boolean;
  /** Exit code 1 if anything has drifted. */
  check?: boolean;
  /** Write the report there, as HTML. */
  output?: string;
}

export interface DriftResult {
  /** As it was called. */
  reference: string;
  current: string;
  reference_rows: number;
  current_rows: number;
  /** Worst first. */
  columns: ColumnDrift[];
  together: Multivariate[];
  /** From all rows; False: from profiles (within 2 %). */
  is_exact: boolean;
  /** Share of the model's importance that lies in columns that have drifted. */
  weighted: number | null;
  notes: string[];
  /** The file that was asked for. */
  report: string;
  is_checked: boolean;
}

export type DriftVerdict = 'drifted' | 'stable' | 'too few' | 'new' | 'gone' | 'changed';

/** A cell of the notebook that is in no step, and why. */
export interface Dropped {
  cell: number;
  id: string;
  why: string;
  /** First line of its source. */
  preview: string;
}

export interface EditorCell {
  id: string;
  kind: 'code' | 'markdown' | 'raw';
  source: string;
  tags: string[];
  /** `[n]` as the editor shows it. */
  count: number | null;
}

/** A notebook as the editor holds it now, saved or not. Answered with the result of the verb `cells`. */
export interface EditorCells {
  /** Path, seen from the folder. */
  notebook: string;
  cells: EditorCell[];
  folder?: string;
  language?: string;
  kernel?: string;
}

export interface EnterRequest {
  /** The pipeline's run: id, first letters of it, name, or `last`. */
  run?: string;
  /** The step. Default: the one that failed. */
  step?: string;
  /** Replace variables of this notebook that have the same names. */
  force?: boolean;
}

export interface EnterResult {
  step: string;
  /** Why the step failed, if it did. */
  error: string;
  /** `failed`: as when the cell had failed; `began`: what the step took, with its parameters. */
  moment: string;
  names: string[];
  /** Variables that could not be brought along, with the reason. */
  refused: { [name: string]: string };
  /** The step's notebook, to mend. */
  notebook: string;
}

/** A figure that nobody has measured: what it has to be if the model errs as it did on labelled rows. */
export interface Estimated {
  name: string;
  value: number | null;
  low: number | null;
  high: number | null;
  method: 'cbpe' | 'dle';
  /** Without labels, that it is of. */
  rows: number;
  /** With labels, that it was learnt from. */
  from_rows: number;
}

export interface EvaluateRequest {
  /** A package, a run, runs:/ID/model, models:/wine@champion, or with --model an alias. */
  ref: string;
  /** The table: a file (.csv, .parquet, .jsonl), SNAPSHOT:path or RUN:path, or an address. */
  data?: string;
  /** Column of the true values. Default: the one that the model does not take. */
  target?: string;
  /** Another model on the same rows; `champion`: the registered model's alias. */
  against?: string;
  /** Rules that have to be met; exit code 1 if one is not. */
  gate?: string;
  /** Column whose values are looked at one by one. Default: all that can be. */
  slice?: string[];
  /** Metric of the slices. Default: accuracy, or mae. */
  metric?: string;
  /** Alias that the model gets if it passes. */
  promote?: string;
  /** The registered model. Default: the run's experiment. */
  model?: string;
  /** Write the report there, as HTML. */
  output?: string;
  /** What it is. Default: as the model is. */
  task?: '' | 'classification' | 'regression';
  /** Of two labels the one that is looked for. Default: the second. */
  positive?: string;
  /** Of the intervals. */
  confidence?: number;
  /** Of the samples that intervals are made from. */
  seed?: number;
  /** Load a package's model although nobody you trust has signed it. */
  trust?: boolean;
  /** Leave no run in MLflow. */
  no_track?: boolean;
}

export interface EvaluateResult {
  model: Evaluated;
  against: Evaluated | null;
  data: Data;
  /** `classification` or `regression`. */
  task: string;
  /** Of all intervals, as 0.95. */
  confidence: number | null;
  resamples: number;
  metrics: Metric[];
  /** The worst first. */
  slices: Slice[];
  calibration: Calibration | null;
  confusion: Confusion | null;
  residuals: Residuals | null;
  gate: Rule[];
  /** None where there is no gate. */
  passed: boolean | null;
  /** The evaluation's own run in MLflow; empty: none was made. */
  run: string;
  /** The file that was asked for. */
  report: string;
  /** The address that means this model now: `models:/wine@champion`. */
  promoted: string;
  version: string;
  /** The version that had the alias when this began. */
  before: string;
}

/** A model as it was evaluated. */
export interface Evaluated {
  /** As it was asked for. */
  name: string;
  /** Of the package, where it is one. */
  digest: string;
  /** The MLflow run that made it, where it is known. */
  run: string;
  /** MLflow's id of it. */
  model: string;
  estimator: string;
  /** Of its files. */
  bytes: number;
  /** For 1000 rows, asked at once: the best of several times. */
  milliseconds: number | null;
}

/** A finding that has begun or ended: told once each. */
export interface Event {
  time: string;
  deployment: string;
  finding: Finding;
  is_over: boolean;
}

export interface ExecutedRequest {
  /** Id, the beginning of one, or the name of the newest. */
  run: string;
  /** Of a pipeline's run: only this step. */
  step?: string;
  /** Write it to this file. */
  output?: string;
  /** Replace the file. */
  force?: boolean;
}

export interface ExecutedResult {
  run: string;
  run_name: string;
  step: string;
  /** The notebook that it comes from, relative to the project. */
  source: string;
  /** Code cells that were executed. */
  cells: number;
  bytes: number;
  /** As nbformat has it; None where it was written to a file. */
  notebook: { [name: string]: unknown } | null;
  /** The file. */
  output: string;
}

export interface ExecutedStep {
  step: string;
  state: StepState;
  /** Not executed: its results are those of an earlier run. */
  is_kept: boolean;
  /** Why it was executed, kept or left out. */
  why: string;
  seconds: number;
  /** Of a step under way: the cell that is being executed, from 1. */
  done: number;
  total: number;
  /** First line of that cell. */
  preview: string;
  error: string;
  tries: number;
  /** MLflow run id. */
  run: string;
  /** As executed. */
  notebook: string;
  /** The same as HTML. */
  page: string;
}

export interface Execution {
  id: string;
  name: string;
  /** The pipeline's folder, relative to the project. */
  source: string;
  /** MLflow run id. */
  run: string;
  state: StepState;
  is_live: boolean;
  is_resumable: boolean;
  started: string;
  seconds: number;
  parameters: { [name: string]: unknown };
  steps: ExecutedStep[];
  metrics: { [name: string]: number | null };
  error: string;
  data: string;
  code: string;
  workspace: string;
  /** All of it in one notebook. */
  notebook: string;
}

export interface ExplainModelResult {
  model: Evaluated;
  data: Data;
  /** `classification` or `regression`. */
  task: string;
  /** That importance is the loss of; `change` without a target. */
  metric: string;
  /** The metric before anything is shuffled. */
  score: number | null;
  /** The class that directions and curves are about; empty: the value, or none. */
  of: string;
  /** That were shuffled: all of the data, or a sample. */
  rows: number;
  repeats: number;
  /** Of all intervals, as 0.95. */
  confidence: number | null;
  /** Rows that stand for what is not known of a row. */
  background: number;
  /** How rows were explained, as `exact Shapley values`. */
  method: string;
  /** The largest first. */
  importances: Importance[];
  explained: ExplainedRow[];
  curves: Dependence[];
  /** What is odd, a sentence each. */
  notes: string[];
  /** The explanation's own run in MLflow; empty: none was made. */
  run: string;
  /** The file that was asked for. */
  report: string;
}

export interface ExplainRequest {
  /** The notebook. In a notebook, by default what this kernel has executed. With --data a model: a package, a run, models:/wine@champion, or with --model an alias. */
  notebook?: string;
  /** Only this cell: its number from 1, its id, or [n] of its execution. Default: all, a line each. */
  cell?: string;
  /** As if only these variables mattered. */
  want?: string[];
  /** Explain a model on this table: a file (.csv, .parquet, .jsonl), SNAPSHOT:path or RUN:path, or an address. */
  data?: string;
  /** Column of the true values. Default: the only one that the model does not take. */
  target?: string;
  /** Explain this row of the table, from 1. Default: the three that the model is least sure of. */
  row?: number[];
  /** The class whose probability is explained. Default: the predicted one. */
  of?: string;
  /** How rows are explained. Default: SHAP for trees and linear models, if it is installed. */
  method?: 'auto' | 'light' | 'shap';
  /** What a column's importance is the loss of. Default: accuracy, or mae. */
  metric?: string;
  /** Columns to take as one: a,b. Default: those that move together; `none`. */
  group?: string[];
  /** How often each column is shuffled. */
  repeats?: number;
  /** Rows that are shuffled at most. */
  sample?: number;
  /** Of the intervals. */
  confidence?: number;
  /** Of samples and shuffles. */
  seed?: number;
  /** What it is. Default: as the model is. */
  task?: '' | 'classification' | 'regression';
  /** The registered model. Default: the run's experiment. */
  model?: string;
  /** Write the report on the model there, as HTML. */
  output?: string;
  /** Load a package's model although nobody you trust has signed it. */
  trust?: boolean;
  /** Leave no run of the explanation in MLflow. */
  no_track?: boolean;
}

export interface ExplainResult {
  /** Of the notebook. */
  path: string;
  /** All code cells, or the one that was asked for. */
  cells: CellStory[];
  is_one: boolean;
  is_live: boolean;
  /** Of a kernel: what its notebook does not show. */
  state: HiddenState;
}

export interface ExplainedRow {
  /** Its number in the table, from 1. */
  row: number;
  /** Why this one: `asked for`, `least sure`, `high`, `low`. */
  picked: string;
  answer: string;
  truth: string;
  /** The class that was asked for or predicted first. */
  outcomes: AttributionOutcome[];
  /** It could not be explained. */
  why: string;
}

export interface ExportRequest {
  /** The notebook. In a notebook, by default what this kernel has executed. */
  notebook?: string;
  /** Folder of the pipeline. Default: pipelines/NAME beside the notebook. */
  output?: string;
  /** Keep only what these variables need. */
  want?: string[];
  /** Do not run it to compare; the pipeline gets no certificate. */
  no_verify?: boolean;
  /** Replace a pipeline that was edited by hand; a snapshot of it is kept. */
  force?: boolean;
}

export interface ExportResult {
  folder: string;
  pipeline: Pipeline;
  certificate: Certificate | null;
  /** Of an edited pipeline that was replaced. */
  kept_snapshot: string;
  /** Of a kernel: what its notebook does not show. */
  state: HiddenState;
}

/** The body of every answer that is a refusal, and the error of a job. */
export interface Failure {
  /** Family: `UsageError`, `NotFoundError`, ... */
  error: string;
  /** Stable code: `run-not-found`. */
  kind: string;
  message: string;
  hint: string;
  facts: { [name: string]: unknown };
}

/** One argument of a verb, with all that a form needs. */
export interface Field {
  /** As JSON and queries call it. */
  name: string;
  /** As a prompt and a magic line call it: `--no-verify`; empty for a positional argument. */
  flag: string;
  /** Its one letter, or empty. */
  short: string;
  help: string;
  positional: boolean;
  /** May be given more than once: a list in JSON. */
  many: boolean;
  required: boolean;
  /** Of one value. */
  type: 'choice' | 'flag' | 'float' | 'int' | 'text';
  choices: string[];
  default: unknown;
  /** What stands for the value in the usage. */
  metavar: string;
}

/** What changed inside of one file; at most one of the three. */
export interface FileDetail {
  path: string;
  table: TableDiff | null;
  cells: CellChange[];
  /** A unified diff. */
  text: string;
}

/** One rule that does not hold. */
export interface Finding {
  /** drift, quality, performance, traffic, missing-labels... */
  kind: string;
  /** A column, a metric, the deployment itself. */
  subject: string;
  /** In a sentence, with the figures. */
  message: string;
  severity: Severity;
  value: number | null;
  limit: number | null;
}

export interface GcRequest {
  /** Only say what would be freed. */
  dry_run?: boolean;
  /** Keep unneeded snapshots younger than this: 14d, 12h, 0. */
  older_than?: string;
}

export interface GcResult {
  is_dry_run: boolean;
  /** Bytes that were, or would be, given back. */
  freed: number;
  /** Snapshots that go. */
  snapshots: SnapshotRecord[];
  packs_before: number;
  /** In a dry run, as before. */
  packs_after: number;
  /** Objects of the first layout that moved into packs. */
  folded: number;
  /** Files that killed writers had left. */
  leftovers: number;
  /** Results of steps that are no longer kept for later runs. */
  results: number;
  /** Runs that hold the most by themselves, the largest first. */
  runs: Share[];
}

/** Where the code stood in git, seen from the project. */
export interface GitState {
  commit: string;
  branch: string;
  dirty: boolean;
  /** Digest of the uncommitted changes, kept in the store. */
  diff: string | null;
  /** Address of `origin`, without login. */
  remote: string;
}

/** Variables that a step hands on. Names that may share mutable objects travel in one bundle. */
export interface Give {
  names: string[];
}

/** One metric in the four replays. */
export interface GridRow {
  metric: string;
  old_code_old_data: number | null;
  old_code_new_data: number | null;
  new_code_old_data: number | null;
  new_code_new_data: number | null;
  /** `code`, `data`, `code and data`, `both together` or nothing. */
  moved_by: string;
}

/** A line of the timeline. */
export interface Happening {
  time: string;
  /** needed, began, trained, judged, proposed, merged, rejected, promoted, deployed, failed, stalled... */
  kind: string;
  message: string;
  key: string;
}

/** A value that the notebook, run from the top, would not make. */
export interface Hidden {
  name: string;
  loss: Loss;
  /** `[n]` of the execution that made it. */
  maker: number | null;
  /** `[n]` of those whose last execution used it. */
  readers: (number | null)[];
  sentence: string;
  /** The code that made it, from the log, where the notebook has it no longer. */
  source: string;
}

export interface HiddenState {
  hidden: Hidden[];
  moves: Move[];
}

export interface HistoryRequest {
  /** Ids, beginnings of them, or names of the newest. */
  runs: string[];
  /** Only of this metric. Default: of all. */
  metric?: string[];
  /** How many of a curve at most; its peaks stay. */
  points?: number;
}

export interface HistoryResult {
  /** By run as asked, then by the metric's name. */
  curves: Curve[];
  /** Curves beyond the first 500. */
  left_out: number;
}

export interface HostFile {
  /** In the folder, with slashes. */
  name: string;
  text: string;
}

export interface ImageRequest {
  /** The package: NAME[:TAG] or NAME@DIGEST. */
  package: string;
  /** What the image is called. With a registry in it, it is sent there; else podman or docker gets it. */
  tag?: string;
  /** Write it to a file, which podman and docker load. */
  output?: string;
  /** What it stands on, with a Python: an image in a registry, oci:LAYOUT[:TAG] or rootfs:PATH. Default: python:X.Y-slim of Docker Hub. */
  base?: string;
  /** Default: Linux on this machine's processor. */
  platform?: string;
  /** A locked list of packages, in place of what the model asks for. */
  requirements?: string;
  /** Folder of wheels, in place of an index. */
  wheels?: string;
  /** Let a model run its code that nobody trusted has signed. */
  trust?: boolean;
  /** The model alone, as KServe mounts it with oci://. */
  modelcar?: boolean;
  /** Who gets it. Default: the one that is here. */
  engine?: 'docker' | 'podman' | null;
  /** Without TLS. It is so by itself for 127.0.0.1 and localhost with a port. */
  plain_http?: boolean;
  /** Certificate of the authority that signed the registry's. */
  ca?: string;
  /** Take whatever certificate the registry has. */
  insecure?: boolean;
}

export interface ImageResult {
  /** Its digest. */
  package: string;
  /** Of the image's manifest: the same for the same package, base and packages. */
  digest: string;
  platform: string;
  /** Of its layers, as they are sent. */
  bytes: number;
  layers: number;
  python: string;
  wheels: number;
  base: string;
  /** As it is called where it went. */
  name: string;
  /** Blobs that the registry lacked. */
  sent: number;
  /** That has it now. */
  engine: string;
  file: string;
  /** Files that two packages bring, and differently. */
  clashes: string[];
}

export interface ImportRequest {
  /** models:/NAME/VERSION, models:/NAME@ALIAS, runs:/ID/MODEL, a run, or mlflow://HOST/runs/ID. */
  source: string;
  /** MLflow's tracking address. Default: the project's. */
  from_?: string;
  /** What the package is called. Default: as the model or its experiment. */
  tag?: string;
  /** How layers are compressed. */
  compression?: 'gzip' | 'none' | 'zstd';
  /** Pack also what looks like tokens, keys and passwords. */
  allow_secrets?: boolean;
}

export interface ImportResult {
  package: PackageView;
  references: string[];
  /** Tracking address, without its login. */
  server: string;
  /** Id of the run that made the model. */
  run: string;
  run_name: string;
  /** In the registry as NAME/VERSION; else its name in its run. */
  model: string;
  files: number;
  /** Links: never packed. */
  left_out: string[];
  /** Files that are too long to be searched for secrets to their end. */
  unsearched: string[];
  /** Digest of the package that had the first of these names until now. */
  before: string;
}

/** What a model loses when a column, or columns that move together, are shuffled. */
export interface Importance {
  name: string;
  /** One, or a group that was shuffled as one. */
  columns: string[];
  /** In the metric's own unit, positive where the model gets worse. None: it could not be measured (`why`). */
  importance: number | null;
  /** Of the interval that holds its true value with the explanation's confidence. */
  low: number | null;
  high: number | null;
  /** How far the answers move: mean absolute change of the value, or the share of probability that goes elsewhere. */
  change: number | null;
  /** Of all importances; of `change` where no column has any. */
  share: number | null;
  /**
   * From -1 to 1: whether the answer rises or falls with the value (rank correlation of value and contribution).
   * None for what has no order.
   */
  direction: number | null;
  /** Mean absolute SHAP value over a sample of rows, where SHAP was asked. */
  contribution: number | null;
  /** It could not be measured. */
  why: string;
}

export interface InitRequest {
  /** Folder of the project; made if it does not exist. */
  path?: string;
}

export interface InitResult {
  root: string;
  tracking: string;
}

export interface InspectRequest {
  /** The package: NAME[:TAG] or NAME@DIGEST. */
  package: string;
  /** As its registry has it, without pulling it. */
  remote?: boolean;
  /** Without TLS. It is so by itself for 127.0.0.1 and localhost with a port. */
  plain_http?: boolean;
  /** Certificate of the authority that signed the registry's. */
  ca?: string;
  /** Take whatever certificate the registry has. */
  insecure?: boolean;
}

export interface InspectResult {
  package: PackageView;
  kitfile: Kitfile;
  /** The Kitfile as YAML. */
  text: string;
  manifest: Manifest;
  /** None where the package does not say where it comes from. */
  origin: Origin | null;
  /** Signatures and statements that lie beside it. */
  claims: Claim[];
}

/** One call of a verb in a process of its own. */
export interface Job {
  id: string;
  verb: string;
  /** Where it acts, from the server's root. */
  folder: string;
  /** Folder of its project, as events and changes call it; null where there was none. */
  project: string | null;
  arguments: { [name: string]: unknown };
  state: JobState;
  /** It has been told to stop, and has not ended yet. */
  is_ending: boolean;
  created: string;
  started: string | null;
  ended: string | null;
  /** Number of its newest event; 0 before the first. */
  last: number;
  /** The newest event of each task that is under way. */
  progress: JobEvent[];
  /** What the command line ends with: not 0 where it was done and what it found is bad. */
  code: number;
  error: Failure | null;
  /** The last of what it wrote to standard error, where it failed. */
  output: string;
}

export interface JobDetail {
  job: Job;
  /** Those after the number that was asked for, oldest first. */
  events: JobEvent[];
  /** The verb's result once the job is done, else null. */
  result: unknown;
  /** What that result looks like on the command line and in a notebook. */
  page: PageBlock[];
}

/** Progress of one task of a job. Of a task under way only the newest event is kept. */
export interface JobEvent {
  /** Counts from 1 within its job; there are gaps where newer events have taken the place of older ones. */
  number: number;
  at: string;
  /** A step, a file, a phase. */
  task: string;
  done: number;
  total: number | null;
  note: string;
  /** running, done, failed, skipped or killed. */
  state: string;
}

export interface JobRequest {
  verb: string;
  folder?: string;
  arguments?: { [name: string]: unknown };
}

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

export interface Jobs {
  /** Newest first. */
  jobs: Job[];
}

export interface KeepRequest {
  /** Executions by their number in brackets: 3 5-8. Without any: all so far. */
  cells?: string[];
  /** Name of the run. Default: the notebook's. */
  as_?: string;
  /** Variables to log as metrics. Default: the floats that the cells made. */
  metric?: string[];
}

export interface KeepResult {
  /** MLflow's id. */
  run: string;
  name: string;
  cells: number;
  params: { [name: string]: string };
  metrics: { [name: string]: number | null };
  inputs: string[];
}

/** One of those that are on this machine. */
export interface KeptPackage {
  /** As people write it; with its digest where it has no tag. */
  reference: string;
  tags: string[];
  digest: string;
  /** Of its layers. */
  bytes: number;
  /** RFC 3339, where the package says so. */
  created: string;
  name: string;
  version: string;
  layers: LayerView[];
  /** Why it cannot be read. */
  problem: string;
  /** When it was packed or pulled here; None where its manifest is gone. */
  came: string | null;
  /** Whether a signature or a signed statement lies beside it. Whether that holds, `verify` says. */
  is_signed: boolean;
}

export interface Kitfile {
  manifestVersion: string;
  package: Package;
  model: Model | null;
  code: Code[];
  datasets: Dataset[];
  docs: Docs[];
  prompts: Prompt[];
  mcpServers: McpServer[];
}

export interface Known {
  name: string;
  url: string;
  /** Why `status` could not look into it. */
  problem: string;
  packs: number | null;
  /** Bytes there. */
  size: number | null;
  /** Packs of which something is only here. */
  to_push: number | null;
  to_pull: number | null;
}

/** A layer of one of two packages, or of both. */
export interface LayerChange {
  kind: string;
  path: string;
  /** None: it is the same. */
  change: ChangeKind | null;
  /** Size in bytes. */
  before: number | null;
  after: number | null;
  digest_before: string;
  digest_after: string;
}

export interface LayerView {
  kind: string;
  path: string;
  name: string;
  digest: string;
  media_type: string;
  bytes: number;
}

/** How bad it is that a rule is broken. */
export type Level = 'error' | 'warning';

/** Something that another cell has made, or uses. */
export interface Link {
  /** A variable, a file, or hidden state as people call it. */
  name: string;
  /** Index of the other cell. */
  cell: number;
  evidence: string;
}

export interface LogRequest {
  /** What to log: numbers become metrics, the rest parameters. */
  values: string[];
  /** Step of the metrics, for curves. */
  step?: number;
}

export interface LogResult {
  run: string;
  metrics: { [name: string]: number | string | null };
  params: { [name: string]: string };
}

export interface LogoutRequest {
  /** The registry: ghcr.io, 127.0.0.1:5000. */
  registry: string;
}

export interface LogoutResult {
  registry: string;
  was_known: boolean;
}

export interface LogsRequest {
  /** The deployment. */
  name: string;
  /** Of this revision. Default: the newest that has said anything. */
  revision?: number;
  /** The last so many. */
  lines?: number;
  /** What the router says: which replicas have ended, and why. */
  router?: boolean;
}

export interface LogsResult {
  name: string;
  /** `router` or `revision N`. */
  source: string;
  file: string;
  lines: string[];
}

export type Loss = 'deleted' | 'edited' | 'repeated' | 'out of order';

export interface Manifest {
  schemaVersion: number;
  mediaType: string;
  artifactType: string;
  config: Descriptor;
  /** null where there are none, as `kit` writes it. */
  layers: Descriptor[] | null;
  subject: Descriptor | null;
  annotations: { [name: string]: string };
}

export interface Manifests {
  folder: string;
  /** Written, relative to the folder. */
  files: string[];
  /** Overlays of the user's that were left as they are. */
  kept: string[];
  /** What kubectl said; empty where it was not asked. */
  applied: string[];
  /** That the service reads callers' token from; the user makes it. */
  secret: string;
  /** The image or the storage is named by a tag: what runs changes when the tag moves. */
  is_unpinned: boolean;
}

export interface McpServer {
  name: string;
  path: string;
  description: string;
  digest: string;
  diffId: string;
}

export interface Measure {
  /** psi, ks, wasserstein (in deviations of the reference), js, chi2 (Cramer's V), missing, new_share, length_ks... */
  name: string;
  value: number | null;
  /** At or above it the column has drifted; None: it is only told. */
  limit: number | null;
}

/** Sections of the notebook that had to become one step. */
export interface Merge {
  step: string;
  /** Names of the sections, in order. */
  sections: string[];
  why: string;
}

/** One figure over all rows. None stands for what these rows do not tell. */
export interface Metric {
  name: string;
  value: number | null;
  /** Of the interval that holds the true value with the evaluation's confidence. */
  low: number | null;
  high: number | null;
  is_higher_better: boolean;
  /** Of the other model, on the same rows. */
  against: number | null;
  /** `value - against`. */
  difference: number | null;
  /** Of the interval of the difference: both models drawn on the same rows. */
  difference_low: number | null;
  difference_high: number | null;
}

export interface Model {
  name: string;
  /** A folder or file, or a reference to another package whose model is used. */
  path: string;
  license: string;
  framework: string;
  format: string;
  version: string;
  description: string;
  parts: ModelPart[];
  parameters: unknown;
  digest: string;
  diffId: string;
}

export interface ModelPart {
  name: string;
  path: string;
  license: string;
  type: string;
  digest: string;
  diffId: string;
}

/** A model that a run logged. */
export interface ModelView {
  id: string;
  name: string;
  status: string;
  /** Where its files are. */
  location: string;
  run: string;
  created: string | null;
  tags: { [name: string]: string };
}

export interface MonitorRequest {
  /** The deployment, one that keeps what it is asked. */
  name: string;
  /** How far back to look: 6h, 7d. */
  since?: string;
  /** Requests of so long are looked at together. */
  window?: string;
  /** What requests are compared with from now on: a table, SNAPSHOT:path, a profile, a run. Default: what the model was trained on, if that is packed with it, else its first window. */
  data?: string;
  /** Write a report there, as HTML. */
  output?: string;
  /** Look once, as without --watch: for cron and CI. */
  once?: boolean;
  /** Look again and again, until Ctrl-C. */
  watch?: boolean;
  /** How often, with --watch. */
  every?: string;
  /** Forget first what other looks have found, and the reference. */
  clear?: boolean;
}

export interface MonitorResult {
  deployment: string;
  time: string;
  since: string;
  width_seconds: number | null;
  confidence: number | null;
  /** As it was called; empty: there is none yet. */
  reference: string;
  /** Of all windows. */
  rows: number;
  /** The others were read at looks before. */
  rows_read: number;
  /** Oldest first. */
  windows: Window[];
  /** By revision: its newest window that has enough rows. */
  drift: [string, Drift][];
  /** Whole revisions, over all that was read. */
  performance: Performance[];
  by_window: Performance[];
  traffic: MonitoringTraffic[];
  /** That go on, also those that this look could not judge. */
  findings: Finding[];
  /** That this look has raised. */
  events: Event[];
  notes: string[];
  /** The file that was asked for. */
  report: string;
  looks: number;
}

/** What a revision has answered since the look before, as its router counts. */
export interface MonitoringTraffic {
  revision: string;
  requests: number;
  failed: number;
}

export interface Move {
  /** Id of the cell to move. */
  cell: string;
  index: number;
  /** Index of the cell to put it above; None: to the end. */
  above: number | null;
  sentence: string;
}

/** What a push or a pull did. */
export interface Moved {
  packs: number;
  /** Bytes. */
  size: number;
  /** Packs whose content the other side had already. */
  known: number;
  /** Names of packs that were not moved, or not whole, because they are damaged where they lie. */
  damaged: string[];
}

/** All columns together. */
export interface Multivariate {
  /** domain_classifier (area under the ROC curve that tells the two tables apart), pca (reconstruction error). */
  name: string;
  value: number | null;
  limit: number | null;
  low: number | null;
  high: number | null;
  why: string;
}

/** Finite values. */
export interface Numbers {
  count: number;
  mean: number | null;
  /** Standard deviation of the population. */
  deviation: number | null;
  low: number | null;
  high: number | null;
  /** Values that are not finite; they are in nothing else here. */
  infinite: number;
  /** POINTS of them, evenly spaced in rank; those of few values too. */
  quantiles: (number | null)[];
}

/** A row that breaks a rule. */
export interface Offender {
  /** From 0 on, as it lies in the table. */
  row: number;
  column: string;
  /** As text, shortened; what looks like a secret is not shown. */
  value: string;
}

/** Where a package says it comes from. */
export interface Origin {
  notebook: string;
  run: string;
  /** Identity of the pipeline. */
  pipeline: string;
  /** Digest of the pipeline's certificate. */
  certificate: string;
  /** What the certificate says. */
  verdict: string;
  commit: string;
  python: string;
  started: string | null;
  finished: string | null;
  /** Those that ran, named by their digests. */
  cells: number;
  /** Files that were read, named by their digests. */
  data: number;
  /** Why it cannot be read; then all else is empty. */
  problem: string;
}

export interface PackRequest {
  /** A run, a registered model, a pipeline's folder, or a folder with a Kitfile. Default: the Kitfile here, else the newest run. */
  source?: string;
  /** What the package is called. Default: as the Kitfile says. */
  tag?: string;
  /** The Kitfile, where it lies elsewhere. */
  kitfile?: string;
  /** How layers are compressed. */
  compression?: 'gzip' | 'none' | 'zstd';
  /** As a CNCF ModelPack artifact. */
  model_pack?: boolean;
  /** Pack also what looks like tokens, keys and passwords. */
  allow_secrets?: boolean;
  /** Where data go: in the package, in one of their own that it refers to, or nowhere. Data in a bucket stay there. */
  data?: 'apart' | 'embed' | 'none';
  /** A step of the pipeline that is put in front of its model: what is served takes raw rows. */
  transform?: string;
  /** Byte for byte what `kit` 1.7.0 writes. */
  exact?: boolean;
}

export interface PackResult {
  package: PackageView;
  references: string[];
  /** That was packed; empty: a folder. */
  run: string;
  files: number;
  /** Paths of layers that had not changed since they were packed before: not read again. */
  known: string[];
  /** Links and devices: never packed. */
  left_out: string[];
  /** Files that are too long to be searched for secrets to their end. */
  unsearched: string[];
  /** The package with its data, where they are apart. */
  data: string;
  /** Addresses of data that stay where they are. */
  remote: string[];
  /** Digest of the package that had the first of these names until now. */
  before: string;
}

export interface Package {
  name: string;
  version: string;
  description: string;
  license: string;
  authors: string[];
}

export interface PackageCheck {
  reference: string;
  digest: string;
  /** Layers whose bytes are not what they should be. */
  damaged: string[];
  /** That lie beside the package, whoever made them. */
  signatures: number;
  /** That they were tried with. */
  keys: number;
  /** Those of them whose signature holds. */
  signers: Signer[];
  /** Why others do not. */
  refused: string[];
  /** File of the policy that it was held against. */
  policy: string;
  /** What is not as the policy asks. */
  findings: string[];
  /** Files that run code when its model is loaded, where nobody whom the user trusts has signed it. */
  untrusted: string[];
}

export interface PackageDiff {
  /** Of the manifest. */
  digest_before: string;
  digest_after: string;
  /** One digest: not a byte differs. */
  is_same: boolean;
  layers: LayerChange[];
  /** Of blobs that are layers of both. */
  shared_bytes: number;
  /** Of blobs that only the later one has: what has to move where the earlier one is. */
  new_bytes: number;
  /** Of the Kitfiles. */
  metrics: Pair[];
  /** Those that differ. */
  params: Pair[];
  /** What else differs in the Kitfiles, by its path: `model.framework`. */
  fields: Pair[];
}

export interface PackageView {
  /** As people write it; with its digest where it has no tag. */
  reference: string;
  tags: string[];
  digest: string;
  /** Of its layers. */
  bytes: number;
  /** RFC 3339, where the package says so. */
  created: string;
  name: string;
  version: string;
  layers: LayerView[];
  /** Why it cannot be read. */
  problem: string;
}

export interface PackagesRequest {
  /** Only those of this name, whatever their tag. */
  name?: string;
}

export interface PackagesResult {
  packages: KeptPackage[];
  /** Folder that holds them, shared with `kit`. */
  place: string;
  now: string;
}

/** A part of what a result looks like at every door; all of it is text. */
export interface PageBlock {
  kind: 'fields' | 'line' | 'source' | 'table';
  title: string;
  /** Of a line and of a source. */
  text: string;
  tone: 'bad' | 'dim' | 'good' | 'plain' | 'strong' | 'warn';
  columns: string[];
  /** Of a table; of fields, a name and a value each. */
  rows: PageCell[][];
  /** Columns set flush right. */
  numeric: number[];
}

export interface PageCell {
  text: string;
  tone: 'bad' | 'dim' | 'good' | 'plain' | 'strong' | 'warn';
}

export interface Pair {
  name: string;
  before: string | number | null;
  after: string | number | null;
}

export interface Parameter {
  name: string;
  type: ParameterType;
  /** A JSON value: a tuple is kept as a list, a date or time as ISO text, a path as text; the type tells them. */
  default: unknown;
  /** None is allowed too. */
  optional: boolean;
  /** The comment at the end of its line. */
  help: string;
  /** Index of the notebook cell that sets it. */
  cell: number | null;
  /** The only values that it may have, where there are any. */
  choices: unknown[];
  minimum: unknown;
  maximum: unknown;
  /** Values that it had in the live notebook, in the order in which they were tried. */
  tried: unknown[];
}

export type ParameterType =
  | 'int'
  | 'float'
  | 'bool'
  | 'str'
  | 'none'
  | 'list'
  | 'dict'
  | 'tuple'
  | 'date'
  | 'datetime'
  | 'timestamp'
  | 'path';

/** What one column, or group, adds to one answer. */
export interface Part {
  name: string;
  /** Of the row, as it is shown. */
  value: string;
  amount: number | null;
  /** Standard error of `amount`; None where it is exact. */
  error: number | null;
}

/** What flows from one step to another. */
export interface Passed {
  source: string;
  target: string;
  /** Empty where only the order counts: for files that one writes and the other reads. */
  names: string[];
  bytes: number | null;
}

/** How well a revision did in a while, by labels that were told later. */
export interface Performance {
  revision: string;
  start: string;
  end: string;
  rows: number;
  labelled: number;
  /** Seconds from an answer to its label: the median. */
  delay: number | null;
  /** classification or regression; empty: there are no labels. */
  task: string;
  metrics: Metric[];
  /** The worst first. */
  slices: Slice[];
  estimates: Estimated[];
}

/** How far an attempt has come: each is recorded when it is done. */
export type Phase = 'begun' | 'trained' | 'judged' | 'published' | 'deployed';

/** What `pipeline.yaml` says. Its identity is the digest of its canonical form. */
export interface Pipeline {
  kind: 'pipeline';
  version: number;
  name: string;
  /** The source notebook, relative to the pipeline folder. */
  notebook: string;
  /** Where the steps run (the notebook's own folder), relative to the pipeline folder. */
  folder: string;
  kernel: string;
  parameters: Parameter[];
  steps: Step[];
  /** Names whose final values are the result of the notebook: compared by the certificate. */
  outputs: string[];
  dropped: Dropped[];
  /** Local modules that the steps import, relative to `folder`. */
  modules: string[];
  merged: Merge[];
  /** Where neither tags nor headings say where steps begin. */
  cuts: Cut[];
  /** Why it is one step, where that was measured. */
  whole: string;
}

/** One execution of a pipeline. */
export interface PipelineResult {
  kind: 'pipeline-result';
  version: number;
  id: string;
  pipeline: string;
  name: string;
  /** Where executed notebooks, handed values and the record lie. */
  folder: string;
  /** MLflow run id of the parent. */
  run: string;
  /** The pipeline's folder, relative to the project. */
  source: string;
  parameters: { [name: string]: unknown };
  state: StepState;
  started: string;
  seconds: number;
  steps: StepResult[];
  /** The notebook that the pipeline was made from, with what the steps have shown. */
  notebook: string;
  metrics: { [name: string]: number | null };
  error: string;
  /** The data snapshot that the steps ran on; empty: the project's files as they were then. */
  data: string;
  /** The code snapshot or commit; empty: as it was then. */
  code: string;
  /** Where the steps ran instead of the project: what they wrote is there. */
  workspace: string;
  /** Of a trial: key or MLflow id of its sweep's run. */
  parent: string;
}

export interface PipelineView {
  name: string;
  /** Relative to the project. */
  folder: string;
  /** It was made from; relative to the project. */
  notebook: string;
  parameters: Parameter[];
  steps: Step[];
  /** Cells of the notebook that it does without. */
  left_out: number;
  /** Of its certificate; None: it has none. */
  verdict: CertificateVerdict | null;
  verified: string | null;
  /** False where it was changed since it was verified. */
  is_certified: boolean;
  reason: string;
  /** Why it cannot be read. */
  problem: string;
}

export interface PipelinesRequest {
  /** Only this pipeline: its name or its folder. */
  name?: string;
  /** How many runs and sweeps at most. */
  limit?: number;
}

export interface PipelinesResult {
  pipelines: PipelineView[];
  /** Newest first, without the trials of sweeps. */
  executions: Execution[];
  /** Newest first, each name once. */
  sweeps: SweepView[];
  /** False where the project has more folders than are looked into. */
  is_whole: boolean;
  now: string;
}

export interface Placed {
  path: string;
  action: RestoreAction;
  size: number;
}

export type PlanAction = 'run' | 'keep' | 'open' | 'leave' | 'skip';

export interface PlannedStep {
  step: string;
  action: PlanAction;
  why: string;
  /** Id of the results that would be kept. */
  entry: string;
  /** What it took when it was last executed, where that is known. */
  seconds: number;
}

export interface PredictRequest {
  /** The deployment. */
  name: string;
  /** A file (.json, .csv), or JSON itself. Default: the model's input example. */
  data?: string;
  /** Ask this one, in place of the one whose turn it is. */
  revision?: number;
}

export interface PredictResult {
  predictions: unknown;
  /** That has answered. */
  revision: number;
  seconds: number;
}

export interface Profile {
  rows: number;
  columns: Column[];
  /** As it was called. */
  source: string;
  /** When the first of its rows came, where that is known. */
  first: string | null;
  last: string | null;
  layout: number;
}

export interface ProfileRequest {
  /** A table (.csv, .parquet, .jsonl), SNAPSHOT:path or RUN:path, an address; or a run or package: what its model was trained on. */
  data: string;
  /** Write the profile there, as JSON. */
  output?: string;
}

export interface ProfileResult {
  profile: Profile;
  /** Of a model's answers to what it was trained on. */
  outputs: Profile | null;
  written: string;
}

export interface PromoteRequest {
  /** Id, the beginning of one, or the name of the newest. */
  run: string;
  /** What the version is to be called: champion, staging. */
  alias: string;
  /** The registered model, made if need be. Default: the run's experiment. */
  model?: string;
}

export interface PromoteResult {
  model: string;
  version: string;
  alias: string;
  /** What programs load: `models:/wine@champion`. */
  address: string;
  /** The version was made for this; else the model was registered already. */
  is_new: boolean;
  /** The version that had the alias until now; empty: none had. */
  before: string;
  /** The run that made that version. */
  before_run: string;
  /** The run that logged the model: a step of the pipeline's run, where that was named. */
  run: string;
  logged_model: string;
}

export interface Prompt {
  name: string;
  path: string;
  description: string;
  digest: string;
  diffId: string;
}

/** An edit of one value in git that somebody has to agree to. */
export interface Proposal {
  /** Of the attempt. */
  key: string;
  value: string;
  /** What the value was. */
  before: string;
  branch: string;
  commit: string;
  opened: string;
  state: ProposalState;
  /** Of the pull request; empty: there is no forge. */
  url: string;
  title: string;
  ended: string | null;
}

export type ProposalState = 'open' | 'merged' | 'rejected' | 'gone';

export interface PullRequest {
  /** The package: REGISTRY/NAME[:TAG] or REGISTRY/NAME@DIGEST. */
  package: string;
  /** Keep it only where it is as the policy asks, and signed by a --key. */
  verify?: boolean;
  /** The policy. Default: nbmlops-policy.yaml here. */
  policy?: string;
  /** A public key that may have signed it. */
  key?: string[];
  /** Bring along the data that it only refers to. */
  include_remote?: boolean;
  /** Without TLS. It is so by itself for 127.0.0.1 and localhost with a port. */
  plain_http?: boolean;
  /** Certificate of the authority that signed the registry's. */
  ca?: string;
  /** Take whatever certificate the registry has. */
  insecure?: boolean;
}

export interface PullResult {
  package: PackageView;
  /** Blobs. */
  fetched: number;
  fetched_bytes: number;
  /** Blobs that were here. */
  known: number;
  /** Signatures and statements that came along. */
  attached: number;
  /** Files that run code when its model is loaded, where nobody whom the user trusts has signed it. */
  untrusted: string[];
  /** Packages with its data, which came as well. */
  data: string[];
  /** Data that it refers to and that stayed where they are. */
  left: string[];
}

export interface PushRequest {
  /** The package on this machine. */
  package: string;
  /** What it is called there, with its registry. Default: as here. */
  to?: string;
  /** Without TLS. It is so by itself for 127.0.0.1 and localhost with a port. */
  plain_http?: boolean;
  /** Certificate of the authority that signed the registry's. */
  ca?: string;
  /** Take whatever certificate the registry has. */
  insecure?: boolean;
}

export interface PushResult {
  references: string[];
  digest: string;
  /** Blobs. */
  sent: number;
  sent_bytes: number;
  /** Blobs that the registry had in another repository. */
  mounted: number;
  /** Blobs that it had. */
  known: number;
  /** False where the registry had all of it under these names already. */
  is_new: boolean;
  /** Signatures and statements that went along. */
  attached: number;
  /** Packages with its data, which went before it. */
  data: string[];
}

/** One tick of one reconciler. */
export interface Ran {
  name: string;
  kind: ReconcilerKind;
  outcome: ReconcilerOutcome;
  action: ReconcilerAction;
  /** In one word: InSync, CoolDown, ProposalOpen, GateRejected... */
  state: string;
  why: string;
  reason: Reason | null;
  /** Guards that keep it from being done. */
  held: string[];
  next_attempt: string | null;
  /** Why nothing could be looked at. */
  problem: string;
}

/** Whether a need holds, and why; of `any` and `all` with the reasons of the parts. */
export interface Reason {
  need: string;
  /** None: it cannot be told, and then nothing is done. */
  holds: boolean | null;
  /** `psi(age) is 0.31, over 0.2`: with the figures. */
  why: string;
  /** What makes it this need and not the next one of its kind: the version that is too old, the data's digest. */
  key: string;
  /** That it gives to the pipeline: of a need that is a function or an address. */
  parameters: { [name: string]: string };
  /** Seconds after which it wants to be asked again; 0: it does not say. */
  recheck: number | null;
  parts: Reason[];
}

export interface ReconcileRequest {
  /** Only these. Default: all of the project. */
  names?: string[];
  /** Look at each once, and do what is needed. That is the default. */
  once?: boolean;
  /** Look again and again, each at its interval, until it is stopped. */
  watch?: boolean;
  /** Only say what would be done, and why. */
  dry_run?: boolean;
}

export interface ReconcileResult {
  ran: Ran[];
  outcome: ReconcilerOutcome;
  /** Documents that cannot be read, and why. */
  refused: string[];
  is_dry: boolean;
  rounds: number;
}

/** What a tick comes to. */
export type ReconcilerAction = 'none' | 'train' | 'deploy' | 'resume' | 'adopt' | 'roll-back' | 'reject';

export type ReconcilerKind = 'Trainer' | 'Deployer';

export type ReconcilerOutcome = 'in-sync' | 'acted' | 'stalled';

/** Of an attempt. */
export type ReconcilerState = 'running' | 'succeeded' | 'failed' | 'rejected';

export interface ReconcilerView {
  name: string;
  kind: ReconcilerKind;
  /** Of its document. */
  path: string;
  /**
   * In one word, as its condition Ready says: InSync, CoolDown, ProposalOpen...; empty: nobody has looked yet, or not
   * since somebody changed by hand what it waited for.
   */
  state: string;
  why: string;
  /** None: it cannot be told. */
  is_ready: boolean | null;
  is_stalled: boolean;
  is_suspended: boolean;
  pinned: string;
  model: string;
  /** The version that was last made true. */
  applied: string;
  looked: string | null;
  next_attempt: string | null;
  failures: number;
  last: Attempt | null;
  /** That waits for somebody to agree. */
  proposal: Proposal | null;
  reason: Reason | null;
  conditions: Condition[];
  attempts: Attempt[];
  proposals: Proposal[];
  rejected: { [name: string]: string };
  timeline: Happening[];
}

export interface ReconcilersRequest {
  /** Only this one, with its attempts, proposals and timeline. */
  name?: string;
}

export interface ReconcilersResult {
  reconcilers: ReconcilerView[];
  /** That was asked for. */
  name: string;
  /** Documents that cannot be read, and why. */
  refused: string[];
}

export interface RejectRequest {
  /** The reconciler. */
  name: string;
  /** For whoever reads it later. */
  why?: string;
}

export interface RejectResult {
  reconciler: ReconcilerView;
  proposal: Proposal;
}

export interface RemoteRequest {
  /** `list`, `add`, `remove`, `push`, `pull` or `status`. */
  action?: 'add' | 'list' | 'pull' | 'push' | 'remove' | 'status';
  /** The remote; may be left out where there is one, or one called origin. */
  name?: string;
  /** `add`: its folder or URL (s3://, gs://, abfs://). `pull`: only these snapshots, runs or pipelines. */
  more?: string[];
  /** `add`: address of an S3 service that is not Amazon's. */
  endpoint?: string;
}

export interface RemoteResult {
  action: string;
  remotes: Known[];
  moved: Moved | null;
  /** New to this project after a pull. */
  snapshots: number;
}

export interface RemoveRequest {
  /** The package: NAME[:TAG] or NAME@DIGEST. */
  package: string;
  /** Also where it has other tags. */
  all_tags?: boolean;
}

export interface RemoveResult {
  reference: string;
  digest: string;
  /** False where it still has other tags. */
  is_gone: boolean;
  /** Those that are left. */
  tags: string[];
  /** Bytes of blobs that no other package needs. */
  freed: number;
}

/** The new revision's input example, asked of it and of the one that answers now. */
export interface Replay {
  /** False: the model has no input example. */
  asked: boolean;
  /** Until the new one had answered. */
  seconds: number;
  /** That both gave. */
  answers: number;
  differing: number;
  /** Difference between two numbers. */
  largest: number | null;
  /** Of those that differ, in something else than a number. */
  otherwise: number;
  /** Why the old one gave none. */
  old_problem: string;
}

export interface ReplayDifference {
  /** Position of the execution among those replayed, from 1; 0 where it is no cell's. */
  cell: number;
  /** `output`, `value x`, `metric accuracy`, `parameter alpha`, `file out.csv`, `outcome`. */
  what: string;
  expected: string;
  actual: string;
  /** First line of the cell. */
  source: string;
  /** False: told, but no reason to say DIFFERS (what a shell command says of the machine). */
  counts: boolean;
}

export type ReplayVerdict = 'REPRODUCED' | 'DIFFERS';

export interface Replayed {
  /** That the old one has answered again. */
  requests: number;
  /** Of them, that both have answered. */
  rows: number;
  /** Rows. */
  differing: number;
  /** Difference between two numbers. */
  largest: number | null;
  /** Rows that differ in something else than a number. */
  otherwise: number;
  /** Requests that the old one answers and the new one does not. */
  refused: number;
  /** The first time. */
  why: string;
  /** Rows with values that are not kept, which cannot be asked again. */
  left_out: number;
  /** Those that differ most, without what is not kept. */
  examples: Differing[];
}

export interface Replica {
  number: number;
  state: ReplicaState;
  pid: number;
  restarts: number;
  /** The last words of one that has ended. */
  why: string;
}

export type ReplicaState = 'starting' | 'ready' | 'waiting' | 'failed' | 'stopping';

export interface ReproduceRequest {
  /** Id, the beginning of one, or the name of the newest. Default: the run of the package here. */
  run?: string;
  /** With the data as it is now, instead of the run's. */
  new_data?: boolean;
  /** With the code as it is now, instead of the run's. */
  new_code?: boolean;
  /** All four: old and new code with old and new data; tells which of them moved a metric. */
  grid?: boolean;
  /** In a clean environment with the packages of the run. */
  env?: boolean;
  /** Folder to replay in, which is kept. Default: a temporary one. */
  to?: string;
  /** Largest relative difference of equal metrics. */
  tolerance?: number;
}

export interface ReproduceResult {
  run: RunView;
  reproduction: Reproduction;
  grid: GridRow[];
  folder: string;
}

/** The outcome of replaying a run. */
export interface Reproduction {
  kind: 'reproduction';
  version: number;
  id: string;
  run: string;
  verdict: ReplayVerdict;
  made: string;
  seconds: number;
  sides: Sides;
  /** Executions replayed. */
  cells: number;
  /** Executions that were not replayed, as the run does not need them. */
  left_out: number;
  /** What was held against each other: `3 metrics`, `11 outputs`. */
  compared: string[];
  /** In the order of the cells; the first is where it began. */
  differences: ReplayDifference[];
  /** Of the replay. */
  metrics: { [name: string]: number | null };
  /** What may explain a difference: other packages, inputs that were not seen. */
  notes: string[];
}

/** Predicted less true value. */
export interface Residuals {
  mean: number | null;
  /** Standard deviation. */
  spread: number | null;
  /** At 0, 5, 25, 50, 75, 95 and 100 %. */
  quantiles: (number | null)[];
  /** True and predicted value of some hundred rows. */
  points: ([number | null, number | null])[];
}

export type RestoreAction =
  | 'write'
  | 'keep'
  | 'overwrite'
  | 'skip'
  | 'blocked by a folder'
  | 'blocked by a file'
  | 'blocked by a link';

export interface RestoreRequest {
  /** A snapshot, a run, or `data` / `code` for the newest. */
  snapshot: string;
  /** Only these files, folders or patterns of it. */
  paths?: string[];
  /** Folder to restore to instead of in place. */
  to?: string;
  /** Of a run, restore the code instead of the data. */
  code?: boolean;
  /** Overwrite files that differ. */
  force?: boolean;
  /** Only say what would be done. */
  dry_run?: boolean;
}

export interface RestoreResult {
  snapshot: string;
  target: string;
  files: Placed[];
  is_dry_run: boolean;
}

export interface ResumeRequest {
  /** The run: id, first letters of it, name, or `last`. */
  run?: string;
  /** Set a parameter to another value. */
  param?: string[];
  /** Steps at once. Default: all that fit. */
  jobs?: number;
  /** Where steps run: local, dask. Default: that of the settings. */
  engine?: string;
  /** An option of the engine: address=tcp://HOST:8786. */
  engine_option?: string[];
}

export interface RevisionView {
  number: number;
  package: string;
  digest: string;
  created: string;
  /** stable, canary, shadow or candidate; empty for one that is only kept. */
  role: string;
  /** Of requests, that it answers. */
  percent: number;
  replicas: Replica[];
  traffic: DeploymentTraffic;
  run: string;
}

export interface RollbackRequest {
  /** The deployment. */
  name: string;
  /** The revision. Default: without the canary, if there is one; else the one before. */
  to?: number;
}

export interface RollbackResult {
  deployment: DeploymentView;
  /** Revision that answered until now: the canary where one was taken away. */
  answered: number;
  /** Revision that answers now. */
  answers: number;
  was_canary: boolean;
}

export interface Row {
  name: string;
  /** One per run; None where the run does not have it. */
  values: (string | number | null)[];
  differs: boolean;
}

/** A window of the list of runs. */
export interface Rows {
  /** Of the project, before the list was read. */
  rev: number;
  /** Runs that match, whatever the window. */
  total: number;
  /** False where a server has more than `total`: it has not counted them. */
  is_total: boolean;
  /** Ids of the runs in the window. */
  order: string[];
  /** Those of them, and of the runs that they lie in, that this token has not been shown as they are now. */
  rows: RunView[];
  /** To be sent as `known` with the next request. */
  token: string;
  /** With `columns`: the names of all metrics, parameters and experiments. */
  columns: Columns | null;
  now: string;
}

/** One demand of a gate, and whether it is met. */
export interface Rule {
  /** As `accuracy at least`. */
  rule: string;
  value: number | null;
  limit: number | null;
  passed: boolean;
  /** One sentence with both figures. */
  why: string;
  /** Of the gate's file. */
  line: number;
}

/** Of a rule. The words are those of the file. */
export type RuleKind =
  | 'present'
  | 'type'
  | 'finite'
  | 'zone'
  | 'missing'
  | 'unique'
  | 'min'
  | 'max'
  | 'min_length'
  | 'max_length'
  | 'categories'
  | 'pattern'
  | 'min_rows'
  | 'max_rows'
  | 'fresh'
  | 'closed'
  | 'order'
  | 'check'
  | 'names';

export interface RunDiff {
  /** Name of the run. */
  before: string;
  after: string;
  metrics: Pair[];
  /** Those that differ. */
  params: Pair[];
  /** Those that differ and that one of the runs imported. */
  packages: Pair[];
  cells: CellChange[];
  /** The most likely first. */
  suspects: Suspect[];
}

export interface RunRequest {
  /** Folder of the pipeline. */
  pipeline: string;
  /** Set a parameter. */
  param?: string[];
  /** Parameters from a YAML or JSON file; -p wins over it. */
  params_file?: string;
  /** Name of the run. Default: the pipeline's. */
  name?: string;
  /** MLflow experiment. Default: the pipeline's name. */
  experiment?: string;
  /** Execute this step and those after it. */
  from_?: string[];
  /** Execute this step and no other. */
  only?: string[];
  /** Execute every step, whatever is kept. */
  force?: boolean;
  /** Only say which steps would be executed, and why. */
  dry_run?: boolean;
  /** Steps at once. Default: all that fit. */
  jobs?: number;
  /** Run on this data, in a workspace of the run's own: a snapshot or a run. */
  data?: string;
  /** Run this code there: a snapshot, a run or a git commit. */
  code?: string;
  /** Where steps run: local, dask. Default: that of the settings. */
  engine?: string;
  /** An option of the engine: address=tcp://HOST:8786. */
  engine_option?: string[];
}

export interface RunResult {
  /** Of a dry run: its steps are waiting, or kept. */
  result: PipelineResult;
  certificate: Certificate | null;
  /** What was known before: which steps would be executed, and why. */
  plan: PlannedStep[];
  /** False when nothing was executed: nothing had changed, or it was a dry run. */
  is_new: boolean;
}

export interface RunView {
  id: string;
  name: string;
  /** RUNNING, FINISHED, FAILED, KILLED or SCHEDULED. */
  status: string;
  experiment: string;
  started: string | null;
  ended: string | null;
  parent: string | null;
  params: { [name: string]: string };
  /** Last value of each. */
  metrics: { [name: string]: number | null };
  tags: { [name: string]: string };
}

export interface RunsRequest {
  /** How many at most; of a run inside another, that one is shown too. */
  limit?: number;
  /** Leave out so many at the beginning. */
  offset?: number;
  /** `started`, `name`, `status`, `seconds`, a metric (best first), or `params.NAME`. */
  sort?: string;
  /** The other way round. */
  reverse?: boolean;
  /** Only of this experiment. */
  experiment?: string;
  /** Only where this holds: 'accuracy > 0.9', 'params.trees = 10', 'status = FAILED', 'name ~ wine', 'tags.team = x', 'started > 2026-01-31'. */
  filter?: string[];
  /** Only with this text in name, experiment, parameters or tags. */
  search?: string;
  /** Without runs inside other runs. */
  parents?: boolean;
  /** Only those that were deleted. */
  deleted?: boolean;
  /** Name all metrics, parameters and experiments, too. */
  columns?: boolean;
}

export interface RunsResult {
  /** Tags of more than 300 letters (notes) are left out; `show` has them. */
  runs: RunView[];
  /** Runs that these lie in, where they are not among them. */
  outer: RunView[];
  /** How many there are without `limit` and `offset`. */
  total: number;
  /** False where a server has more than `total`: it has not counted them. */
  is_total: boolean;
  columns: Columns | null;
  now: string;
}

export interface ScheduleRequest {
  /** Reconcilers. Default: all of the project. */
  names?: string[];
  /** Whose files: systemd, cron, github, gitlab, kubernetes, argocd, flux, tekton, modelsync. */
  as_: 'argocd' | 'cron' | 'flux' | 'github' | 'gitlab' | 'kubernetes' | 'modelsync' | 'systemd' | 'tekton';
  /** Write them into this folder. Default: they are shown. */
  output?: string;
  /** What units and objects are called after. Default: the project's folder. */
  name?: string;
  /** How often. Default: the shortest interval of the reconcilers. */
  every?: string;
  /** When, as cron says it: '30 3 * * *'. */
  at?: string;
  /** For clusters: with nbmlops, git and what pipelines import. */
  image?: string;
  /** For clusters. */
  namespace?: string;
  /** Address of the repository. Default: that of origin. */
  repository?: string;
  /** Default: the one that is checked out. */
  branch?: string;
  /** The file in git that names the wanted version. Default: as the reconcilers say. */
  config?: string;
  /** Folder that Argo CD or Flux applies. Default: the config's. */
  manifests?: string;
  /** That CI executes. */
  notebook?: string[];
  /** Parameter that makes pipelines small for CI. */
  sample?: string[];
  /** Python of CI. */
  python?: string;
  /** Variable of the environment; nothing secret. */
  variable?: string[];
  /** Variable whose value the host keeps. */
  secret?: string[];
  /** Size of a cluster's volume. */
  storage?: string;
  /** Of a cluster's volume. Default: the cluster's own. */
  storage_class?: string;
  /** Replace files that are there. */
  force?: boolean;
}

export interface ScheduleResult {
  host: string;
  reconcilers: string[];
  files: HostFile[];
  /** Empty: nothing was written. */
  folder: string;
}

export type Scope = 'data' | 'code';

/** One kernel with tracking on. Alive while its process is. */
export interface SessionInfo {
  kind: 'session';
  version: number;
  id: string;
  notebook: string;
  host: string;
  pid: number;
  /** Seconds since boot, as the kernel of the machine counts: tells a reused pid from the same process. */
  process_started: number;
  boot: string;
  started: string;
  door: string;
  /** Where the kernel stood when it began, relative to the project. */
  folder: string;
  ended: string | null;
  /** False while tracking is switched off. */
  is_on: boolean;
  /** Top-level names of the modules that were loaded when it ended. */
  imported: string[];
  /** Files of the project's own modules among them, relative to the project. */
  modules: string[];
}

export type Severity = 'info' | 'warning' | 'error';

/** To be drawn: how the rows of both are spread. */
export interface Shape {
  /** Of categories, the most frequent first; empty for numbers. */
  names: string[];
  /** Of bins of numbers; what is beyond is in the first and the last one. */
  edges: (number | null)[];
  /** Shares of rows. */
  before: (number | null)[];
  now: (number | null)[];
}

/** What only one run holds: deleting it in MLflow and collecting again would free so much. */
export interface Share {
  run: string;
  name: string;
  own_bytes: number;
}

export interface ShowRequest {
  /** Id, the beginning of one, or the name of the newest. */
  run: string;
}

export interface ShowResult {
  run: RunView;
  datasets: DatasetUse[];
  models: ModelView[];
  children: RunView[];
  /** The cell that made the run, as it was executed. */
  source: string;
  git: GitState | null;
  python: string;
  packages: number;
  /** Files of its code snapshot. */
  code: string[];
}

/** What a replay was made of: the run's own, or as it is now. */
export interface Sides {
  code: string;
  data: string;
}

export interface SignRequest {
  /** The package: NAME[:TAG] or NAME@DIGEST. */
  package: string;
  /** The private key. Default: nbmlops.key here. */
  key?: string;
  /** Make nbmlops.key and nbmlops.pub here first. */
  new_key?: boolean;
}

export interface SignResult {
  reference: string;
  digest: string;
  /** Fingerprint of the public key: SHA-256. */
  key: string;
  /** The key itself, as PEM. */
  public_key: string;
  /** Signatures; 0 where this key had signed the package already. */
  made: number;
  /** Whether the package says where it comes from: that is signed as well, as a statement of its own. */
  has_provenance: boolean;
  /** Of a key that was made. */
  files: string[];
  /** Why the key's file is not as safe as it could be. */
  warning: string;
}

export interface Signer {
  /** Of the key's file. */
  name: string;
  fingerprint: string;
}

/** One figure over the rows that have something in common. */
export interface Slice {
  column: string;
  /** As `red`, or `[13.05, 14.83]`. */
  value: string;
  rows: number;
  metric: string;
  score: number | null;
  low: number | null;
  high: number | null;
  /** How much worse than over all rows: in the metric's own unit, positive where it is worse. */
  gap: number | null;
  against: number | null;
  /** How much worse than the other model on the same rows, positive where it is worse. */
  loss: number | null;
}

export interface SliceRequest {
  /** The notebook. In a notebook, by default what this kernel has executed. */
  notebook?: string;
  /** A variable that matters. Default: what export keeps. */
  want?: string[];
  /** Write the slice as a notebook, after executing it in a clean kernel. */
  output?: string;
  /** Do not execute it before it is written. */
  no_verify?: boolean;
  /** Replace the file. */
  force?: boolean;
}

export interface SliceResult {
  /** Of the notebook. */
  path: string;
  want: string[];
  /** All code cells: which stay, and why. */
  cells: CellStory[];
  /** The slice, where it was written. */
  file: string;
  /** It has been executed from top to bottom in a clean kernel. */
  is_verified: boolean;
}

/** That a snapshot was taken, when and why. */
export interface SnapshotRecord {
  kind: 'snapshot-record';
  version: number;
  id: string;
  /** Identity of the Snapshot. */
  snapshot: string;
  taken: string;
  scope: Scope;
  files: number;
  size: number;
  /** Bytes that were new to the store. */
  stored: number;
  message: string;
  notebook: string;
  run: string | null;
  /** Identity of the snapshot of the same scope taken before this one. */
  parent: string | null;
  /** Files that could not be stored, each with the reason. */
  skipped: string[];
}

export interface SnapshotRequest {
  /** Files and folders to keep, URLs by reference. Without any: the files that tracked notebooks have read. */
  paths?: string[];
  /** Why, in a few words. */
  message?: string;
}

export interface SnapshotResult {
  record: SnapshotRecord;
  paths: string[];
  /** False when these very files are kept already. */
  is_new: boolean;
}

export interface SnapshotsRequest {
  /** How many at most. */
  limit?: number;
  /** Only `data` or only `code`. */
  scope?: Scope | null;
}

export interface SnapshotsResult {
  snapshots: SnapshotRecord[];
  /** Runs that use them, by snapshot; without those that none does. */
  users: { [name: string]: Users };
  store: Stored;
  /** Why the runs are not known, where MLflow does not answer. */
  problem: string;
  now: string;
}

export interface StaleCell {
  execution: string;
  /** The cell's id, where the front end gave one. */
  cell: string;
  count: number | null;
  /** First line. */
  source: string;
  reasons: string[];
}

export interface StaleRequest {
  /** Only these runs. Default: the newest. */
  runs?: string[];
  /** How many runs at most. */
  limit?: number;
}

export interface StaleResult {
  /** Those that were looked at, newest first. */
  runs: StaleRun[];
  /** Of the kernel, or of the last one that ran. */
  cells: StaleCell[];
  /** Cells that were looked at. */
  looked_at: number;
  notebook: string;
}

export interface StaleRun {
  id: string;
  name: string;
  /** Empty: it fits. */
  reasons: string[];
}

export type Status = 'True' | 'False' | 'Unknown';

export interface StatusRequest {
  /** How many runs and pipeline runs to show. */
  limit?: number;
}

export interface StatusResult {
  root: string;
  tracking: string;
  runs: RunView[];
  pipelines: PipelineResult[];
  /** Sessions whose kernel is alive. */
  kernels: SessionInfo[];
  /** Executions of the newest session. */
  cells: number;
  data: SnapshotRecord | null;
  code: SnapshotRecord | null;
  /** Sessions whose runs MLflow has not taken yet. */
  waiting: number;
  /** Runs of dead kernels that were ended just now. */
  ended: number;
  problem: string;
  now: string;
}

export interface Step {
  name: string;
  /** Path of the step's notebook, relative to the pipeline folder. */
  notebook: string;
  title: string;
  /** Names of steps that must have run before: those it takes from, and those that write files it reads. */
  needs: string[];
  takes: Take[];
  gives: Give[];
  /** Results of the notebook that this step is the last to make. */
  outputs: string[];
  /** Only those that reach this step. */
  parameters: string[];
  /** Indexes of the notebook cells it was made of. */
  cells: number[];
  /** Files that its code reads by literal path, as written there. */
  reads: string[];
  writes: string[];
  /** How often it is tried again after it has failed. */
  retries: number;
  /** Seconds before the first new try; twice as many before each further one. */
  backoff: number;
  /** Seconds after which one try is stopped and has failed; 0: never. */
  timeout: number;
  /** Whether it may be left out when nothing that it rests on has changed. */
  cache: boolean;
  /** An expression over parameters and values of earlier steps; where it is false, the step is left out. */
  when: string;
  /** `NAME in EXPRESSION`: the step runs once for each item of a list, with the item as its parameter NAME. */
  foreach: string;
  /** It runs at the end of a run, whatever has happened. */
  exit: boolean;
  /** What one try may use at most, like `2GiB`; empty: no limit. */
  memory: string;
  /** Cores that it is to have; 0: it does not say. */
  cpu: number;
  /** Graphics cards that it is to have. */
  gpu: number;
  /** Environment variables that it runs with. */
  env: { [name: string]: string };
  /** Names of environment variables that must be there where it runs; their values are never written anywhere. */
  secrets: string[];
}

export interface StepResult {
  step: string;
  state: StepState;
  seconds: number;
  /** The executed notebook. */
  notebook: string;
  /** The executed notebook as HTML. */
  page: string;
  /** MLflow run id of the step. */
  run: string | null;
  error: string;
  /** Not executed: its results are those of an earlier run. */
  is_kept: boolean;
  /** Id of the kept results that stand for it. */
  entry: string;
  /** Why it was executed, or left out. */
  why: string;
  tries: number;
}

export type StepState = 'waiting' | 'running' | 'done' | 'failed' | 'skipped' | 'killed';

/** What all snapshots hold, and what that takes. */
export interface Stored {
  /** Different ones. */
  snapshots: number;
  /** Of their files, each counted in every snapshot that has it. */
  bytes: number;
  /** That the store takes, with all else that it keeps: traces, results of steps. */
  disk: number;
}

/** Something that may explain why two runs have different figures. */
export interface Suspect {
  kind: SuspectKind;
  what: string;
  why: string;
  /** From 0 to 1: a guess, for the order only. */
  weight: number;
}

export type SuspectKind = 'parameter' | 'data' | 'code' | 'package' | 'random';

export interface SuspendRequest {
  /** The reconciler. */
  name: string;
  /** Let it go on, and lift the pin that a rollback has set. */
  off?: boolean;
}

export interface SuspendResult {
  reconciler: ReconcilerView;
  /** The version that it was pinned to. */
  unpinned: string;
}

export interface SweepRequest {
  /** Folder of the pipeline. */
  pipeline: string;
  /** Values to try: uniform, loguniform, int, logint or choice. The name alone: those of pipeline.yaml. */
  space?: string[];
  /** How many, with those of an earlier sweep of this name. Default: 20; of a grid all. */
  trials?: number;
  /** What shall be best. Default: the pipeline's only metric. */
  metric?: string;
  /** What is best. */
  direction?: 'maximize' | 'minimize';
  /** How values are proposed. */
  sampler?: 'grid' | 'random' | 'tpe';
  /** Stop trials that promise little by what they log. */
  pruner?: 'halving' | 'hyperband' | 'median' | 'none';
  /** Trials at once, each in a process of its own. */
  jobs?: number;
  /** Set a parameter. */
  param?: string[];
  /** Name of the sweep; one of that name goes on. Default: the pipeline's. */
  name?: string;
  /** For the proposals. */
  seed?: number;
  /** Try nothing here: write an Experiment for Kubeflow's Katib. */
  katib?: string;
  /** Katib: holds nbmlops, what the steps import, and the project in /project. */
  image?: string;
}

export interface SweepResult {
  name: string;
  metric: string;
  direction: string;
  /** The best first. */
  trials: Trial[];
  best: Trial | null;
  /** The best values, for `run -f`. */
  params_file: string;
  /** MLflow run id of the sweep. */
  run: string;
  pipeline: string;
  seconds: number;
  /** The file that was written instead. */
  katib: string;
}

export interface SweepView {
  id: string;
  name: string;
  pipeline: string;
  source: string;
  run: string;
  state: StepState;
  metric: string;
  direction: string;
  sampler: string;
  space: string[];
  /** How many there shall be; of these are done, pruned or failed: */
  trials: number;
  done: number;
  pruned: number;
  failed: number;
  best: BestTrial | null;
  started: string;
  seconds: number;
  /** The best values, for `run -f`. */
  params_file: string;
}

/** What can be asked for. */
export interface Table {
  version: string;
  api: number;
  verbs: VerbEntry[];
}

export interface TableDiff {
  rows_before: number;
  rows_after: number;
  /** Rows without an equal one before; None where the table is too large to tell. */
  rows_added: number | null;
  rows_removed: number | null;
  columns: ColumnChange[];
}

export interface TagRequest {
  /** The package as it is called: NAME[:TAG] or NAME@DIGEST. */
  package: string;
  /** What it is to be called as well: NAME:TAG[,TAG...]. */
  name: string;
}

export interface TagResult {
  references: string[];
  digest: string;
  /** Digests of the packages that had these names until now. */
  before: { [name: string]: string };
}

/** A variable that a step receives. */
export interface Take {
  name: string;
  /** The step that gave it last. */
  step: string;
}

export interface Texts {
  /** In characters. */
  lengths: Numbers;
  /** Lower case; rows that have the word. */
  words: Categories;
}

export interface TrackRequest {
  /** `on` or `off`; without it, only tell. */
  state?: '' | 'off' | 'on';
  /** The notebook's file, where the front end knows it better. */
  notebook?: string;
  /** MLflow experiment of the runs from now on. */
  experiment?: string;
}

export interface TrackResult {
  is_on: boolean;
  experiment: string;
  notebook: string;
  root: string;
  tracking: string;
  /** Recorded in this session so far. */
  cells: number;
}

export interface Tracking {
  session: string;
  is_on: boolean;
  since: string;
  pid: number;
}

export interface Trial {
  number: number;
  /** complete, pruned or fail. */
  state: string;
  /** Of the metric. */
  value: number | null;
  /** Of the swept parameters, as Python writes them. */
  values: { [name: string]: string };
  /** MLflow run id. */
  run: string;
  seconds: number;
  error: string;
}

export interface TrustRequest {
  /** The public key of somebody you know. Default: list those that you trust. */
  key?: string;
  /** What you call them. Default: the name of the file. */
  name?: string;
  /** Trust this one no longer: its name, or how its fingerprint begins. */
  remove?: string;
}

export interface TrustResult {
  /** All that are trusted now, oldest first. */
  keys: Trusted[];
  /** File that holds them. */
  place: string;
  /** Fingerprint of the key that was named; empty where none was. */
  added: string;
  /** False where it was there under that name already. */
  is_new: boolean;
  /** Name of the key that was taken out. */
  removed: string;
}

export interface Trusted {
  name: string;
  /** SHA-256 of the key. */
  fingerprint: string;
  added: string;
}

export interface UndeleteRequest {
  /** Ids of deleted runs, beginnings of them, or names of the newest. */
  runs: string[];
}

export interface UndeleteResult {
  /** Those that were named. */
  runs: RunView[];
  /** Those inside them, which came with them. */
  inside: RunView[];
}

export interface UndeployRequest {
  /** The deployment. */
  name: string;
  /** Forget it, too: its revisions, its logs and its token. */
  purge?: boolean;
}

export interface UndeployResult {
  name: string;
  was_running: boolean;
  is_forgotten: boolean;
  /** That were kept, or are forgotten. */
  revisions: number;
}

export interface UnpackRequest {
  /** The package, from this machine or else from its registry. */
  package: string;
  /** Where its files go. Default: here. */
  dir?: string;
  /** Only these parts, of kitfile, model, datasets, code, docs, prompts, mcpservers. */
  filter?: string[];
  /** Bring along the data that it only refers to. */
  include_remote?: boolean;
  /** Without TLS. It is so by itself for 127.0.0.1 and localhost with a port. */
  plain_http?: boolean;
  /** Certificate of the authority that signed the registry's. */
  ca?: string;
  /** Take whatever certificate the registry has. */
  insecure?: boolean;
  /** Replace files that are there. */
  overwrite?: boolean;
  /** Leave files that are there as they are. */
  ignore_existing?: boolean;
}

export interface UnpackResult {
  package: PackageView;
  /** Packages whose model this one uses. */
  bases: string[];
  folder: string;
  /** Written, relative to the folder. */
  files: string[];
  /** Left as they were. */
  kept: string[];
  bytes: number;
  /** Files that run code when its model is loaded, where nobody whom the user trusts has signed it. */
  untrusted: string[];
  /** Packages and addresses that its data came from. */
  data: string[];
  /** Those of data that stayed where they are. */
  left: string[];
}

export interface Users {
  /** Of a server: among its newest thousand runs. */
  total: number;
  /** The newest of them. */
  runs: UsingRun[];
}

export interface UsingRun {
  id: string;
  name: string;
  status: string;
}

export interface ValidateRequest {
  /** The table: a file (.csv, .parquet, .jsonl), SNAPSHOT:path or RUN:path, an address, or in a notebook the name of a DataFrame. */
  data?: string;
  /** The contract. Default: contract.yaml beside the data, else in the project. */
  schema?: string;
  /** Write a contract that the table keeps, to be edited. */
  infer?: string;
  /** Infer the contract from what a run was trained on, or a file of a snapshot. */
  from_?: string;
  /** Rows that are shown of each broken rule. */
  sample?: number;
  /** Write the contract for pandera or Great Expectations. */
  export?: '' | 'gx' | 'pandera';
  /** Make the contract of a suite of Great Expectations: a JSON file. */
  import_?: string;
  /** Where --export and --import write. Default: shown; contract.yaml. */
  output?: string;
  /** Write over a file that is there. */
  force?: boolean;
  /** Only tell what is broken: the exit code is 0, and a cell goes on. */
  no_fail?: boolean;
}

export interface ValidateResult {
  /** Where the table comes from. */
  place: string;
  contract: string;
  rows: number;
  columns: number;
  /** Broken ones first, the worst first; then as the contract has them. */
  outcomes: ContractOutcome[];
  notes: string[];
  /** False: only a contract was written or translated. */
  checked: boolean;
  /** The file that was asked for. */
  written: string;
  /** The contract for another library, where no file was named for it. */
  text: string;
  /** What the other library, or this one, has no word for. */
  untranslated: string[];
  /** A broken contract is a failure. */
  is_fatal: boolean;
}

/** What one step hands to others. */
export interface Value {
  /** Names that may share objects travel together. */
  names: string[];
  /** As the last run of the pipeline has stored it, where there was one. */
  bytes: number | null;
}

export interface VerbEntry {
  name: string;
  summary: string;
  group: string;
  effect: 'read' | 'write';
  usage: string;
  /** JSON Schema of the arguments. */
  schema: { [name: string]: unknown };
  /** Positional ones first. */
  fields: Field[];
  /** Works as a magic line in a notebook only: `%mlops NAME ...`. */
  needs_kernel: boolean;
}

export interface VerifyRequest {
  /** A package. Default: the snapshots of this project. */
  package?: string;
  /** Public key by one of which the package must be signed. */
  key?: string[];
  /** Policy that the package is held against. Default: nbmlops-policy.yaml here. */
  policy?: string;
  /** First make the index again from the packs. */
  rebuild_index?: boolean;
}

export interface VerifyResult {
  packs: number;
  entries: number;
  /** Objects of the first layout. */
  loose: number;
  /** Of all packs. */
  bytes_read: number;
  damaged: Damage[];
  snapshots: Affected[];
  is_rebuilt: boolean;
  /** Snapshots that had been lost from `records.db` and are listed again. */
  recovered: number;
  /** Where a package was named; then all else is empty. */
  package: PackageCheck | null;
}

/** What the last look of `monitor` has found. */
export interface Watched {
  looked: string;
  /** That go on. */
  findings: Finding[];
  /**
   * Of windows of the stable revision, oldest first: how far the worst column is over its limit. None: it is not
   * known.
   */
  drift: (number | null)[];
  /** Of the same windows. */
  rows: number[];
}

/** Rows that one revision has answered in a while. */
export interface Window {
  revision: string;
  start: string;
  end: string;
  rows: number;
  requests: number;
  /** No more rows will come. */
  is_closed: boolean;
  /** Seconds that a request has taken. */
  p50: number | null;
  p99: number | null;
  /** Of what was asked and answered; None: there are too few rows. */
  profile: Profile | null;
  /** By column the deciding measure over its limit: 1 and more has drifted. */
  drift: { [name: string]: number | null };
  drifted: string[];
}

/** Verbs that REST answers. */
export interface Verbs {
  init: { request: InitRequest; result: InitResult };
  status: { request: StatusRequest; result: StatusResult };
  doctor: { request: DoctorRequest; result: DoctorResult };
  runs: { request: RunsRequest; result: RunsResult };
  show: { request: ShowRequest; result: ShowResult };
  compare: { request: CompareRequest; result: CompareResult };
  history: { request: HistoryRequest; result: HistoryResult };
  annotate: { request: AnnotateRequest; result: AnnotateResult };
  delete: { request: DeleteRequest; result: DeleteResult };
  undelete: { request: UndeleteRequest; result: UndeleteResult };
  promote: { request: PromoteRequest; result: PromoteResult };
  snapshot: { request: SnapshotRequest; result: SnapshotResult };
  snapshots: { request: SnapshotsRequest; result: SnapshotsResult };
  restore: { request: RestoreRequest; result: RestoreResult };
  diff: { request: DiffRequest; result: DiffResult };
  stale: { request: StaleRequest; result: StaleResult };
  reproduce: { request: ReproduceRequest; result: ReproduceResult };
  verify: { request: VerifyRequest; result: VerifyResult };
  gc: { request: GcRequest; result: GcResult };
  remote: { request: RemoteRequest; result: RemoteResult };
  explain: { request: ExplainRequest; result: ExplainResult | ExplainModelResult };
  cells: { request: CellsRequest; result: CellsResult };
  slice: { request: SliceRequest; result: SliceResult };
  export: { request: ExportRequest; result: ExportResult };
  pipelines: { request: PipelinesRequest; result: PipelinesResult };
  run: { request: RunRequest; result: RunResult };
  compile: { request: CompileRequest; result: CompileResult };
  sweep: { request: SweepRequest; result: SweepResult };
  executed: { request: ExecutedRequest; result: ExecutedResult };
  resume: { request: ResumeRequest; result: RunResult };
  pack: { request: PackRequest; result: PackResult };
  import: { request: ImportRequest; result: ImportResult };
  packages: { request: PackagesRequest; result: PackagesResult };
  inspect: { request: InspectRequest; result: InspectResult };
  unpack: { request: UnpackRequest; result: UnpackResult };
  tag: { request: TagRequest; result: TagResult };
  push: { request: PushRequest; result: PushResult };
  pull: { request: PullRequest; result: PullResult };
  sign: { request: SignRequest; result: SignResult };
  image: { request: ImageRequest; result: ImageResult };
  trust: { request: TrustRequest; result: TrustResult };
  logout: { request: LogoutRequest; result: LogoutResult };
  remove: { request: RemoveRequest; result: RemoveResult };
  evaluate: { request: EvaluateRequest; result: EvaluateResult };
  validate: { request: ValidateRequest; result: ValidateResult };
  deploy: { request: DeployRequest; result: DeployResult };
  deployments: { request: DeploymentsRequest; result: DeploymentsResult };
  predict: { request: PredictRequest; result: PredictResult };
  batch: { request: BatchRequest; result: BatchResult };
  rollback: { request: RollbackRequest; result: RollbackResult };
  monitor: { request: MonitorRequest; result: MonitorResult };
  corrections: { request: CorrectionsRequest; result: CorrectionsResult };
  undeploy: { request: UndeployRequest; result: UndeployResult };
  logs: { request: LogsRequest; result: LogsResult };
  profile: { request: ProfileRequest; result: ProfileResult };
  drift: { request: DriftRequest; result: DriftResult };
  reconcile: { request: ReconcileRequest; result: ReconcileResult };
  reconcilers: { request: ReconcilersRequest; result: ReconcilersResult };
  approve: { request: ApproveRequest; result: ApproveResult };
  reject: { request: RejectRequest; result: RejectResult };
  suspend: { request: SuspendRequest; result: SuspendResult };
  schedule: { request: ScheduleRequest; result: ScheduleResult };
}

/** Verbs that are magic lines of a notebook only. */
export interface KernelVerbs {
  track: { request: TrackRequest; result: TrackResult };
  log: { request: LogRequest; result: LogResult };
  keep: { request: KeepRequest; result: KeepResult };
  enter: { request: EnterRequest; result: EnterResult };
}
