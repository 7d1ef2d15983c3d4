import type { ILabShell, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILabShell as ILabShellToken, ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
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
import { Panel } from './panel/panel';
import { PartWidget } from './parts/widget';
import { Place } from './place';

const ID = 'nbmlops:plugin';

export const plugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'The nbmlops sidebar.',
  autoStart: true,
  requires: [IDocumentManager, IRenderMimeRegistry],
  optional: [
    INotebookTracker,
    IDefaultFileBrowser,
    ILabShellToken,
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
    notebooks: INotebookTracker | null,
    browser: IDefaultFileBrowser | null,
    _labShell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    _palette: ICommandPalette | null,
    _settings: ISettingRegistry | null,
    state: IStateDB | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('nbmlops');
    const client = new Client(app.serviceManager.serverSettings);
    const server = new Server(client);
    const live = new Live(client, app.serviceManager.events.stream);
    const host: Host = {
      app,
      client,
      server,
      live,
      jobs: new Jobs(client, live),
      place: new Place(notebooks, browser),
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
    const panel = new PartWidget(host, () => React.createElement(Panel));
    panel.id = SIDEBAR;
    panel.title.icon = nbmlopsIcon;
    panel.title.caption = 'nbmlops';
    panel.node.setAttribute('role', 'region');
    panel.node.setAttribute('aria-label', 'nbmlops');
    app.shell.add(panel, 'left', { rank: 450 });
    restorer?.add(panel, panel.id);
    void server.greet().then(() => host.jobs.refresh());
  }
};
