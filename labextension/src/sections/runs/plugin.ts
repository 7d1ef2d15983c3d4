import type { ILayoutRestorer } from '@jupyterlab/application';
import { WidgetTracker } from '@jupyterlab/apputils';
import type { IEditorServices } from '@jupyterlab/codeeditor';
import * as React from 'react';
import { addCompare } from '../../compare/plugin';
import { addExecuted } from '../../executed/plugin';
import type { Host } from '../../host';
import { Page } from '../../parts/main';
import { addRunPage } from '../../runpage/plugin';
import { RunsBrowser } from './browser';
import { addRunCommands, COMMANDS, read, SCHEMA } from './commands';

/** Everything about runs that is more than the section: commands, and pages of the main area. */
export function addRuns(host: Host, restorer: ILayoutRestorer | null, editors: IEditorServices): void {
  addRunCommands(host);
  addRunPage(host, restorer);
  addCompare(host, restorer);
  addExecuted(host, restorer, editors);
  addTable(host, restorer);
}

function addTable(host: Host, restorer: ILayoutRestorer | null): void {
  const { app, trans } = host;
  const tracker = new WidgetTracker<Page>({ namespace: 'nbmlops-runs' });
  app.commands.addCommand(COMMANDS.table, {
    label: trans.__('Runs in the main area'),
    describedBy: { args: SCHEMA },
    execute: async args => {
      const folder = typeof args['folder'] === 'string' ? args['folder'] : host.place.folder;
      const label = folder ? trans.__('Runs of %1', folder) : trans.__('Runs');
      const page = new Page(
        host,
        { folder, runs: read(args).runs.map(run => run.id) },
        { id: `nbmlops-runs-${folder}`, label: trans.__('Runs'), caption: label },
        () => React.createElement(RunsBrowser, { folder, isWide: true })
      );
      await tracker.add(page);
      host.open(page);
    }
  });
  if (restorer) {
    void restorer.restore(tracker, {
      command: COMMANDS.table,
      args: page => ({ ...page.args }),
      name: page => page.id
    });
  }
}
