import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { Widget } from '@lumino/widgets';
import * as React from 'react';
import { Client } from './api/client';
import { Jobs } from './api/jobs';
import { Live } from './api/live';
import { Server } from './api/server';
import { Forms } from './forms/forms';
import { SIDEBAR } from './forms/open';
import type { Host } from './host';
import { nbmlopsIcon } from './icon';
import { Badges } from './notebook/badges';
import { addNotebookCommands } from './notebook/commands';
import { NotebookState } from './notebook/state';
import { Panel } from './panel/panel';
import { PartWidget } from './parts/widget';
import { Place } from './place';
import { addRuns } from './sections/runs/plugin';

const ID = 'nbmlops:plugin';

export const plugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'The nbmlops sidebar.',
  autoStart: true,
  requires: [IDocumentManager, IRenderMimeRegistry, IEditorServices],
  optional: [
    INotebookTracker,
    IDefaultFileBrowser,
    ILayoutRestorer,
    ICommandPalette,
    ISettingRegistry,
    IStateDB,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    documents: IDocumentManager,
    rendermime: IRenderMimeRegistry,
    editors: IEditorServices,
    notebooks: INotebookTracker | null,
    browser: IDefaultFileBrowser | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    settings: ISettingRegistry | null,
    state: IStateDB | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('nbmlops');
    const client = new Client(app.serviceManager.serverSettings);
    const server = new Server(client);
    const live = new Live(client, app.serviceManager.events.stream);
    const place = new Place(notebooks, browser);
    const follow = (): void => {
      live.folder = place.folder;
    };
    place.changed.connect(follow);
    follow();
    const host: Host = {
      app,
      client,
      server,
      live,
      jobs: new Jobs(client, live),
      place,
      notebook: new NotebookState(client, live, place),
      forms: new Forms(),
      trans,
      notebooks,
      documents,
      rendermime,
      state,
      open: (widget: Widget) => {
        const open = [...app.shell.widgets('main')].find(each => each.id === widget.id);
        if (open) {
          widget.dispose();
          app.shell.activateById(open.id);
        } else {
          app.shell.add(widget, 'main');
          app.shell.activateById(widget.id);
        }
      }
    };
    host.jobs.ended.connect((_, job) => {
      if (job.verb === 'init') {
        live.lookAgain(); // nothing watches a project before it is one
      }
    });
    const panel = new PartWidget(host, () => React.createElement(Panel));
    panel.id = SIDEBAR;
    panel.title.icon = nbmlopsIcon;
    panel.title.caption = 'nbmlops';
    panel.node.setAttribute('role', 'region');
    panel.node.setAttribute('aria-label', 'nbmlops');
    app.shell.add(panel, 'left', { rank: 450 });
    restorer?.add(panel, panel.id);
    const badges = new Badges(host);
    addNotebookCommands(host, badges, browser);
    addRuns(host, restorer, editors);
    addToPalette(palette, trans.__('nbmlops'));
    if (settings) {
      void followSettings(settings, badges);
    }
    if (new URLSearchParams(window.location.search).get('nbmlops') === 'show') {
      void app.restored.then(() => app.shell.activateById(SIDEBAR)); // as `nbmlops lab` asks
    }
    void server.greet().then(() => host.jobs.refresh());
  }
};

const PALETTE = ['show', 'toggle-badges', 'load', 'snapshot', 'export', 'why'];

function addToPalette(palette: ICommandPalette | null, category: string): void {
  for (const name of PALETTE) {
    palette?.addItem({ command: `nbmlops:${name}`, category });
  }
  for (const role of ['step', 'parameters', 'keep', 'skip', 'none']) {
    palette?.addItem({ command: 'nbmlops:tag-cell', category, args: { role } });
  }
}

/** A schema that the registry does not know (an older installation beside this one) leaves the defaults. */
async function followSettings(registry: ISettingRegistry, badges: Badges): Promise<void> {
  try {
    const settings = await registry.load(ID);
    const follow = (): void => {
      badges.isOn = settings.get('badges').composite !== false;
    };
    settings.changed.connect(follow);
    follow();
  } catch {
    badges.isOn = true;
  }
}
