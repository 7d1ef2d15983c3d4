/** Placeholder until the generator's file is merged. */
export interface FieldInfo {
  name: string;
  flag: string;
  short: string;
  help: string;
  positional: boolean;
  many: boolean;
  required: boolean;
  type: 'text' | 'int' | 'float' | 'flag' | 'choice';
  choices: string[];
  default: unknown;
  metavar: string;
}
export interface VerbInfo {
  name: string;
  summary: string;
  group: string;
  effect: 'read' | 'write';
  usage: string;
  schema: Record<string, unknown>;
  fields: FieldInfo[];
  needs_kernel: boolean;
}
export interface Table {
  version: string;
  api: number;
  verbs: VerbInfo[];
}
export interface JobEvent {
  task: string;
  done: number;
  total: number | null;
  note: string;
  state: string;
}
export interface Facts {
  kind: string;
  message: string;
  hint: string;
}
export interface Job {
  id: string;
  verb: string;
  folder: string;
  arguments: Record<string, unknown>;
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  created: string;
  started: string | null;
  ended: string | null;
  events: JobEvent[];
  count: number;
  result: unknown;
  error: Facts | null;
}
export interface Changes {
  rev: number;
  changed: string[];
}
export interface RunView {
  id: string;
  name: string;
  status: string;
  experiment: string;
  started: string | null;
  ended: string | null;
  parent: string | null;
  params: Record<string, string>;
  metrics: Record<string, number | null>;
  tags: Record<string, string>;
}
export interface Rows {
  rev: number;
  total: number;
  order: string[];
  rows: RunView[];
  token: string;
}
