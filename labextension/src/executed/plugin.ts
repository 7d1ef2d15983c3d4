import type { ILayoutRestorer } from '@jupyterlab/application';
import { WidgetTracker } from '@jupyterlab/apputils';
import type { IEditorServices } from '@jupyterlab/codeeditor';
import { notebookIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Host } from '../host';
import { Page } from '../parts/main';
import { COMMANDS, read, SCHEMA } from '../sections/runs/commands';
import { ExecutedPage } from './page';

/** Executed notebooks, to be read. */
export function addExecuted(host: Host, restorer: ILayoutRestorer | null, editors: IEditorServices): void {
  const { app, server, trans } = host;
  const tracker = new WidgetTracker<Page>({ namespace: 'nbmlops-executed' });
  app.commands.addCommand(COMMANDS.executed, {
    label: trans.__('Executed notebook'),
    describedBy: { args: SCHEMA },
    isVisible: args => {
      const { runs } = read(args);
      return runs.length === 1 && runs[0].hasNotebook && server.has('executed');
    },
    execute: async args => {
      const {
        folder,
        runs: [run]
      } = read(args);
      const page = new Page(
        host,
        { folder, runs: [run.id] },
        {
          id: `nbmlops-executed-${run.id}`,
          label: run.name || run.id.slice(0, 12),
          caption: trans.__('Executed notebook of %1', run.name || run.id),
          icon: notebookIcon
        },
        () => React.createElement(ExecutedPage, { folder, run: run.id, editors })
      );
      await tracker.add(page);
      host.open(page);
    }
  });
  if (restorer) {
    void restorer.restore(tracker, {
      command: COMMANDS.executed,
      args: page => ({ ...page.args }),
      name: page => page.id
    });
  }
}
