import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { errorOf, ApiError } from './errors';
import type { Changes, Job, Rows, Table } from './types';

export type Arguments = Record<string, unknown>;

/** Code cells and others as the editor holds them, for `POST cells`. */
export interface EditorCell {
  id: string;
  kind: string;
  source: string;
  tags: string[];
}

/** The REST API of the server half (docs/rest.md). Every method throws ApiError. */
export class Client {
  constructor(readonly settings: ServerConnection.ISettings) {}

  table(): Promise<Table> {
    return this.ask('GET', '');
  }

  /** A verb that is quick. What takes long is a job. */
  call<T>(verb: string, folder: string, args: Arguments = {}): Promise<T> {
    return this.ask('POST', verb, { ...args, folder });
  }

  startJob(verb: string, folder: string, args: Arguments): Promise<Job> {
    return this.ask('POST', 'jobs', { verb, folder, arguments: args });
  }

  async jobs(): Promise<Job[]> {
    return (await this.ask<{ jobs: Job[] }>('GET', 'jobs')).jobs;
  }

  job(id: string): Promise<Job> {
    return this.ask('GET', `jobs/${encodeURIComponent(id)}`);
  }

  cancel(id: string): Promise<Job> {
    return this.ask('DELETE', `jobs/${encodeURIComponent(id)}`);
  }

  changes(folder: string, since: number | null): Promise<Changes> {
    return this.ask('GET', 'changes', undefined, since === null ? { folder } : { folder, since: String(since) });
  }

  cells<T>(folder: string, notebook: string, cells: EditorCell[], language: string): Promise<T> {
    return this.ask('POST', 'cells', { folder, notebook, cells, language });
  }

  rows(folder: string, query: Arguments): Promise<Rows> {
    const flat: Record<string, string | string[]> = { folder };
    for (const [name, value] of Object.entries(query)) {
      if (value !== '' && value !== undefined && value !== false) {
        flat[name] = Array.isArray(value) ? value.map(String) : String(value);
      }
    }
    return this.ask('GET', 'rows', undefined, flat);
  }

  private async ask<T>(
    method: string,
    path: string,
    body?: unknown,
    query: Record<string, string | string[]> = {}
  ): Promise<T> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      for (const each of Array.isArray(value) ? value : [value]) {
        search.append(name, each);
      }
    }
    const base = URLExt.join(this.settings.baseUrl, 'nbmlops/api', path);
    const url = search.size ? `${base}?${search}` : base;
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(
        url,
        { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) },
        this.settings
      );
    } catch (error) {
      throw new ApiError(0, 'unreachable', 'The Jupyter server does not answer.', String(error));
    }
    const text = await response.text();
    let found: unknown;
    try {
      found = text ? JSON.parse(text) : null;
    } catch {
      found = null;
    }
    if (!response.ok) {
      throw errorOf(response.status, found);
    }
    return found as T;
  }
}
