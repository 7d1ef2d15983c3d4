import { Clipboard } from '@jupyterlab/apputils';
import type { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { PathExt } from '@jupyterlab/coreutils';
import { openForm } from '../forms/open';
import type { Host } from '../host';
import { nbmlopsIcon } from '../icon';
import { localPath } from '../place';
import type { Role } from '../model/tags';
import { load } from '../kernel';
import { COMMANDS } from '../sections/runs/commands';
import type { Badges } from './badges';
import { openTagMenu, TAG_COMMAND, tagCell } from './tagmenu';

/** The page of a run, in the main area. */
export function openRun(host: Host, run: string): void {
  void host.app.commands.execute(COMMANDS.open, { folder: host.place.folder, runs: [{ id: run, name: '' }] });
}

/** Saves the notebook in front: the server reads the file. */
export async function save(host: Host): Promise<void> {
  const context = host.place.panel?.context;
  if (context?.model.dirty) {
    await context.save();
  }
}

export async function exportNotebook(host: Host): Promise<void> {
  await save(host);
  openForm(host, 'export', { notebook: PathExt.basename(host.place.notebook) });
}

/** Commands of the notebook and of its cells, for menus, the palette and keys. */
export function addNotebookCommands(host: Host, badges: Badges, browser: IDefaultFileBrowser | null): void {
  const { commands } = host.app;
  const { trans } = host;
  const labels: Record<Role, string> = {
    step: trans.__('A step begins here…'),
    parameters: trans.__('These are the parameters'),
    keep: trans.__('Keep this cell for its own sake'),
    skip: trans.__('Leave this cell out'),
    none: trans.__('Say nothing of this cell')
  };
  const hasCell = (): boolean => !!host.notebooks?.activeCell;
  const hasNotebook = (): boolean => host.place.panel !== null && host.server.handshake === 'ready';
  const ready = (): boolean => host.server.handshake === 'ready';

  commands.addCommand(TAG_COMMAND, {
    label: args => labels[(args['role'] as Role | undefined) ?? 'step'],
    isEnabled: hasCell,
    execute: args => tagCell(host, (args['role'] as Role | undefined) ?? 'step', String(args['name'] ?? '')),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          role: { enum: Object.keys(labels) },
          name: { type: 'string' }
        }
      }
    }
  });
  commands.addCommand('nbmlops:cell-menu', {
    label: trans.__('Step, parameters, skip'),
    caption: trans.__('What this cell is in the pipeline'),
    icon: nbmlopsIcon,
    isEnabled: hasCell,
    execute: () => {
      const node = host.notebooks?.activeCell?.node.querySelector('[data-command="nbmlops:cell-menu"]');
      const box = (node ?? host.notebooks!.activeCell!.node).getBoundingClientRect();
      openTagMenu(host, { x: box.left, y: node ? box.bottom : box.top });
    }
  });
  commands.addCommand('nbmlops:why', {
    label: trans.__('Why does this cell stay or go?'),
    isEnabled: hasCell,
    describedBy: { args: { type: 'object', properties: { pointed: { type: 'boolean' } } } },
    execute: args => {
      // A right click does not make the cell below the pointer the active one.
      const node = args['pointed'] ? host.app.contextMenuHitTest(each => each.classList.contains('jp-Cell')) : null;
      const pointed = node && host.place.panel?.content.widgets.find(cell => cell.node === node);
      const id = (pointed || host.notebooks?.activeCell)?.model.id;
      if (id) {
        badges.isOn = true;
        host.notebook.tell(id, !host.notebook.isTold(id));
      }
    }
  });
  commands.addCommand('nbmlops:toggle-badges', {
    label: trans.__('Show what each cell is'),
    isToggled: () => badges.isOn,
    isToggleable: true,
    execute: () => {
      badges.isOn = !badges.isOn;
    }
  });
  commands.addCommand('nbmlops:show', {
    label: trans.__('Show the nbmlops sidebar'),
    icon: nbmlopsIcon,
    execute: () => host.app.shell.activateById('nbmlops-sidebar')
  });
  commands.addCommand('nbmlops:load', {
    label: trans.__('Track this notebook with nbmlops'),
    isEnabled: hasNotebook,
    execute: () => load(host.place.panel!)
  });
  commands.addCommand('nbmlops:snapshot', {
    label: trans.__('Snapshot…'),
    icon: nbmlopsIcon,
    isEnabled: ready,
    execute: () => openForm(host, 'snapshot')
  });
  commands.addCommand('nbmlops:export', {
    label: trans.__('Export as a pipeline…'),
    icon: nbmlopsIcon,
    isEnabled: hasNotebook,
    execute: () => exportNotebook(host)
  });
  if (!browser) {
    return;
  }
  const selected = (): string[] => [...browser.selectedItems()].map(item => localPath(item.path));
  commands.addCommand('nbmlops:snapshot-files', {
    label: trans.__('Snapshot…'),
    icon: nbmlopsIcon,
    isEnabled: ready,
    execute: () => {
      const paths = selected();
      const folder = paths.length ? PathExt.dirname(paths[0]) : localPath(browser.model.path);
      openForm(host, 'snapshot', { paths: paths.map(path => PathExt.basename(path)) }, { folder });
    }
  });
  commands.addCommand('nbmlops:export-file', {
    label: trans.__('Export as a pipeline…'),
    icon: nbmlopsIcon,
    isEnabled: ready,
    isVisible: () => selected().some(path => path.endsWith('.ipynb')),
    execute: () => {
      const path = selected().find(each => each.endsWith('.ipynb'));
      if (path) {
        openForm(host, 'export', { notebook: PathExt.basename(path) }, { folder: PathExt.dirname(path) });
      }
    }
  });
}

/** To the clipboard, and said in a word. */
export function copy(text: string): void {
  Clipboard.copyToSystem(text);
}
