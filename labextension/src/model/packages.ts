import type { KeptPackage, Kitfile } from '../api/types';

/** What a Kitfile says of its model. */
export interface ModelFacts {
  name: string;
  framework: string;
  format: string;
  metrics: [string, number | null][];
  parameters: [string, string][];
}

/** Whether each word is somewhere in a package's names or digest. */
export function isSought(one: KeptPackage, text: string): boolean {
  const names = [one.reference, ...one.tags, one.name, one.version, one.digest].join(' ').toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every(word => names.includes(word));
}

/** Registry and name, without tag and digest. */
export function repositoryOf(reference: string): string {
  const [name] = reference.split('@');
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? name.slice(0, colon) : name;
}

/** The first letters of a digest, without its kind. */
export function shortDigest(digest: string): string {
  return digest.replace(/^[a-z0-9]+:/, '').slice(0, 12);
}

/** How a layer is written, by its media type: tar, tar+gzip, raw. */
export function formatOf(mediaType: string): string {
  return mediaType.split('.').pop() ?? '';
}

/** Metrics and parameters are where `kit import mlflow://` puts them, else the Kitfile's own parameters. */
export function modelFacts(kitfile: Kitfile): ModelFacts | null {
  // What has its default is left out of a Kitfile.
  const { model } = kitfile;
  if (!model) {
    return null;
  }
  const all = record(model.parameters);
  const logged = record(all['mlflow_provenance']);
  const parameters = 'mlflow_provenance' in all ? record(logged['mlflow_params']) : all;
  return {
    name: model.name ?? '',
    framework: model.framework ?? '',
    format: model.format ?? '',
    metrics: Object.entries(record(logged['mlflow_metrics'])).filter(isMetric),
    parameters: Object.entries(parameters)
      .filter(([, value]) => typeof value !== 'object' || value === null)
      .map(([name, value]) => [name, String(value)])
  };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function isMetric(entry: [string, unknown]): entry is [string, number | null] {
  return typeof entry[1] === 'number' || entry[1] === null;
}
