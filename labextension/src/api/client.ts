import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { errorOf, ApiError } from './errors';
import type { CellsResult, Changes, EditorCells, Job, JobDetail, Jobs, Rows, RunsRequest, Table, Verbs } from './types';

export type Arguments = Record<string, unknown>;

export type VerbName = keyof Verbs;

/** A window of the list of runs, and what is already known of it. */
export type RowsRequest = RunsRequest & { offset?: number; known?: string };

/** The REST API of the server half (docs/rest.md). Every method throws ApiError. */
export class Client {
  constructor(readonly settings: ServerConnection.ISettings) {}

  async table(): Promise<Table> {
    const table = await this.ask<Table>('GET', '');
    this.reading = new Set(table.verbs.filter(verb => verb.effect === 'read').map(verb => verb.name));
    return table;
  }

  /** A verb that is quick. What takes long is a job. */
  call<V extends VerbName>(verb: V, folder: string, args: Verbs[V]['request']): Promise<Verbs[V]['result']> {
    // Who may only read may GET; and what has not changed since is not sent again.
    return this.reading.has(verb)
      ? this.ask('GET', verb, undefined, { folder, ...flat(args as Arguments) })
      : this.ask('POST', verb, { ...args, folder });
  }

  startJob(verb: string, folder: string, args: Arguments): Promise<Job> {
    return this.ask('POST', 'jobs', { verb, folder, arguments: args });
  }

  async jobs(): Promise<Job[]> {
    return (await this.ask<Jobs>('GET', 'jobs')).jobs;
  }

  /** With its events after the number `since`, and its result where it is done. */
  job(id: string, since = 0): Promise<JobDetail> {
    return this.ask('GET', `jobs/${encodeURIComponent(id)}`, undefined, {
      since: String(since)
    });
  }

  cancel(id: string): Promise<Job> {
    return this.ask('DELETE', `jobs/${encodeURIComponent(id)}`);
  }

  changes(folder: string, since: number | null): Promise<Changes> {
    return this.ask('GET', 'changes', undefined, since === null ? { folder } : { folder, since: String(since) });
  }

  /** As the verb `cells`, of what the editor holds now. */
  cells(notebook: EditorCells): Promise<CellsResult> {
    return this.ask('POST', 'cells', notebook);
  }

  rows(folder: string, query: RowsRequest): Promise<Rows> {
    return this.ask('GET', 'rows', undefined, { folder, ...flat({ ...query }) });
  }

  /** Verbs that change nothing. */
  private reading: ReadonlySet<string> = new Set();

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
        {
          method,
          ...(body === undefined ? {} : { body: JSON.stringify(body) })
        },
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

/** Arguments as a query has them: those that say nothing are left out, a list is a name several times. */
function flat(args: Arguments): Record<string, string | string[]> {
  const found: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(args)) {
    if (value !== '' && value !== undefined && value !== null && value !== false) {
      found[name] = Array.isArray(value) ? value.map(String) : String(value);
    }
  }
  return found;
}
