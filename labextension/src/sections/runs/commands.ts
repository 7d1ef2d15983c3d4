import { Clipboard, Dialog, InputDialog, Notification, showDialog, showErrorMessage } from '@jupyterlab/apputils';
import type { ReadonlyJSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { VerbName } from '../../api/client';
import type { RunView, Verbs } from '../../api/types';
import { asApiError } from '../../api/errors';
import { openForm } from '../../forms/open';
import type { Host } from '../../host';

import { askText } from '../../parts/textdialog';

export const COMMANDS = {
  open: 'nbmlops:run-open',
  executed: 'nbmlops:run-executed',
  compare: 'nbmlops:run-compare',
  table: 'nbmlops:runs-table',
  copyUri: 'nbmlops:run-copy-uri',
  copyId: 'nbmlops:run-copy-id',
  copyData: 'nbmlops:run-copy-data',
  copyCode: 'nbmlops:run-copy-code',
  rename: 'nbmlops:run-rename',
  tag: 'nbmlops:run-tag',
  note: 'nbmlops:run-note',
  restoreData: 'nbmlops:run-restore-data',
  restoreCode: 'nbmlops:run-restore-code',
  reproduce: 'nbmlops:run-reproduce',
  promote: 'nbmlops:run-promote',
  delete: 'nbmlops:run-delete',
  undelete: 'nbmlops:run-undelete'
} as const;

export const MOST_COMPARED = 20;
const NOTE = 'mlflow.note.content';
const NOTEBOOK_TAGS = ['nbmlops.trace', 'nbmlops.result', 'nbmlops.step', 'nbmlops.snapshot.code'];

/** A run as commands are given it. */
export interface RunRef {
  id: string;
  name: string;
  status: string;
  /** Ids of its snapshots; empty where it has none. */
  data: string;
  code: string;
  /** It may have left a notebook, as executed. */
  hasNotebook: boolean;
}

export function refOf(run: RunView): RunRef {
  return {
    id: run.id,
    name: run.name,
    status: run.status,
    data: run.tags['nbmlops.snapshot.data'] ?? '',
    code: run.tags['nbmlops.snapshot.code'] ?? '',
    hasNotebook: NOTEBOOK_TAGS.some(tag => tag in run.tags)
  };
}

const UNKNOWN: RunRef = { id: '', name: '', status: '', data: '', code: '', hasNotebook: false };

export interface RunArguments {
  folder: string;
  runs: RunRef[];
}

/** What can be done with runs: in menus, on pages, by keys. Each takes `{folder, runs: [{id, ...}]}`. */
export function addRunCommands(host: Host): void {
  const { app, client, trans } = host;
  const add = (
    id: string,
    label: string,
    fits: (runs: readonly RunRef[]) => boolean,
    execute: (args: RunArguments) => unknown
  ): void => {
    app.commands.addCommand(id, {
      label,
      describedBy: { args: SCHEMA },
      isVisible: args => fits(read(args).runs),
      execute: async args => {
        const found = read(args);
        if (fits(found.runs)) {
          return said(() => execute(found));
        }
      }
    });
  };
  const write = <V extends VerbName>(verb: V, folder: string, args: Verbs[V]['request']): Promise<unknown> =>
    client.call(verb, folder, args);
  const can = (verb: string) => (runs: readonly RunRef[]) => runs.length === 1 && host.server.has(verb);
  const one = (runs: readonly RunRef[]): boolean => runs.length === 1;
  const copy = (texts: string[]): void => Clipboard.copyToSystem(texts.join('\n'));

  add(COMMANDS.copyUri, trans.__('Copy runs:/ address'), some, ({ runs }) => copy(runs.map(run => `runs:/${run.id}`)));
  add(COMMANDS.copyId, trans.__('Copy run id'), some, ({ runs }) => copy(runs.map(run => run.id)));
  add(
    COMMANDS.copyData,
    trans.__('Copy data snapshot id'),
    runs => one(runs) && runs[0].data !== '',
    ({ runs }) => copy([runs[0].data])
  );
  add(
    COMMANDS.copyCode,
    trans.__('Copy code snapshot id'),
    runs => one(runs) && runs[0].code !== '',
    ({ runs }) => copy([runs[0].code])
  );
  add(COMMANDS.rename, trans.__('Rename…'), can('annotate'), async ({ folder, runs: [run] }) => {
    const { value } = await InputDialog.getText({
      title: trans.__('Rename the run'),
      label: trans.__('Name'),
      text: run.name,
      okLabel: trans.__('Rename')
    });
    if (value?.trim() && value !== run.name) {
      await write('annotate', folder, { run: run.id, name: value.trim() });
    }
  });
  add(
    COMMANDS.tag,
    trans.__('Tag…'),
    runs => some(runs) && host.server.has('annotate'),
    async ({ folder, runs }) => {
      const { value } = await InputDialog.getText({
        title: trans._n('Tag the run', 'Tag %1 runs', runs.length),
        label: trans.__('Tag'),
        placeholder: trans.__('team=vision'),
        okLabel: trans.__('Tag')
      });
      if (value?.trim()) {
        const text = value.trim();
        for (const run of runs) {
          await write('annotate', folder, { run: run.id, tag: [text.includes('=') ? text : `${text}=`] });
        }
      }
    }
  );
  add(COMMANDS.note, trans.__('Note…'), can('annotate'), async ({ folder, runs: [run] }) => {
    const before = (await client.call('show', folder, { run: run.id })).run.tags[NOTE] ?? '';
    const value = await askText(trans.__('Note on %1', run.name), before, trans.__('Save'));
    if (value !== null && value !== before) {
      await write('annotate', folder, { run: run.id, note: value });
    }
  });
  const restore = (args: RunArguments, isCode: boolean): void =>
    openForm(host, 'restore', { snapshot: args.runs[0].id, code: isCode }, { folder: args.folder });
  add(
    COMMANDS.restoreData,
    trans.__('Restore data…'),
    runs => one(runs) && runs[0].data !== '',
    args => restore(args, false)
  );
  add(
    COMMANDS.restoreCode,
    trans.__('Restore code…'),
    runs => one(runs) && runs[0].code !== '',
    args => restore(args, true)
  );
  add(
    COMMANDS.reproduce,
    trans.__('Reproduce…'),
    runs => one(runs) && runs[0].code !== '',
    ({ folder, runs }) => openForm(host, 'reproduce', { run: runs[0].id }, { folder })
  );
  add(COMMANDS.promote, trans.__('Promote its model…'), can('promote'), ({ folder, runs }) =>
    openForm(host, 'promote', { run: runs[0].id }, { folder })
  );
  add(
    COMMANDS.delete,
    trans.__('Delete…'),
    runs => some(runs) && host.server.has('delete'),
    async ({ folder, runs }) => {
      const { button } = await showDialog({
        title: trans._n('Delete %2?', 'Delete %1 runs?', runs.length, runs[0].name),
        body: trans.__('Runs inside go too. They can be brought back: Filters, Deleted runs.'),
        buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Delete') })]
      });
      if (!button.accept) {
        return [];
      }
      const ids = runs.map(run => run.id);
      await write('delete', folder, { runs: ids });
      Notification.info(trans._n('%2 is deleted.', '%1 runs are deleted.', runs.length, runs[0].name), {
        autoClose: 8000,
        actions: [
          {
            label: trans.__('Bring back'),
            callback: () => void said(() => write('undelete', folder, { runs: ids }))
          }
        ]
      });
      return ids;
    }
  );
  add(
    COMMANDS.undelete,
    trans.__('Bring back'),
    runs => some(runs) && host.server.has('undelete'),
    async ({ folder, runs }) => {
      const ids = runs.map(run => run.id);
      await write('undelete', folder, { runs: ids });
      return ids;
    }
  );
}

/** Does one of these commands with runs, or with their ids. */
export function withRuns(host: Host, command: string, folder: string, runs: readonly (RunView | string)[]): void {
  const args = { folder, runs: runs.map(run => (typeof run === 'string' ? run : refOf(run))) };
  void host.app.commands.execute(command, args as never);
}

function some(runs: readonly RunRef[]): boolean {
  return runs.length > 0;
}

/** What it fails with is said in a dialog. */
async function said(work: () => unknown): Promise<unknown> {
  try {
    return await work();
  } catch (problem) {
    const error = asApiError(problem);
    await showErrorMessage('nbmlops', [error.message, error.hint].filter(Boolean).join(' '));
    return undefined;
  }
}

export function read(args: ReadonlyPartialJSONObject): RunArguments {
  const folder = typeof args['folder'] === 'string' ? args['folder'] : '';
  const runs = Array.isArray(args['runs']) ? args['runs'] : [];
  return {
    folder,
    runs: runs.map(run =>
      typeof run === 'string' ? { ...UNKNOWN, id: run, name: run } : { ...UNKNOWN, ...(run as object) }
    ) as RunRef[]
  };
}

export const SCHEMA: ReadonlyJSONObject = {
  type: 'object',
  properties: {
    folder: { type: 'string', description: 'Folder of the project, from the root of the server' },
    runs: { type: 'array', description: 'Ids of runs, or objects with id and name', items: {} }
  }
};
