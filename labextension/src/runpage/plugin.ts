import type { ILayoutRestorer } from '@jupyterlab/application';
import { WidgetTracker } from '@jupyterlab/apputils';
import * as React from 'react';
import type { Host } from '../host';
import { Page } from '../parts/main';
import { COMMANDS, read, SCHEMA } from '../sections/runs/commands';
import { RunPage } from './page';

/** Pages of one run each; they are there again after a reload. */
export function addRunPage(host: Host, restorer: ILayoutRestorer | null): void {
  const { app, trans } = host;
  const tracker = new WidgetTracker<Page>({ namespace: 'nbmlops-run' });
  app.commands.addCommand(COMMANDS.open, {
    label: trans.__('Open'),
    describedBy: { args: SCHEMA },
    isVisible: args => read(args).runs.length === 1,
    execute: async args => {
      const { folder, runs } = read(args);
      for (const { id, name } of runs) {
        const page: Page = new Page(
          host,
          { folder, runs: [id] },
          { id: `nbmlops-run-${id}`, label: name || id.slice(0, 12), caption: trans.__('Run %1', name || id) },
          () =>
            React.createElement(RunPage, {
              folder,
              id,
              onName: text => {
                page.title.label = text;
                page.title.caption = trans.__('Run %1', text);
              }
            })
        );
        await tracker.add(page);
        host.open(page);
      }
    }
  });
  if (restorer) {
    void restorer.restore(tracker, { command: COMMANDS.open, args: page => ({ ...page.args }), name: page => page.id });
  }
}
