import type { ILayoutRestorer } from '@jupyterlab/application';
import { WidgetTracker } from '@jupyterlab/apputils';
import * as React from 'react';
import type { Host } from '../host';
import { Page } from '../parts/main';
import { COMMANDS, MOST_COMPARED, read, SCHEMA } from '../sections/runs/commands';
import { ComparePage } from './page';

/** Pages of runs side by side; which runs they are is remembered over reloads. */
export function addCompare(host: Host, restorer: ILayoutRestorer | null): void {
  const { app, trans } = host;
  const tracker = new WidgetTracker<Page>({ namespace: 'nbmlops-compare' });
  const label = (count: number): string => (count > 1 ? trans.__('Compare %1 runs', count) : trans.__('Compare'));
  app.commands.addCommand(COMMANDS.compare, {
    label: args => (read(args).runs.length === 1 ? trans.__('Compare with…') : trans.__('Compare')),
    describedBy: { args: SCHEMA },
    isVisible: args => {
      const count = read(args).runs.length;
      return count >= 1 && count <= MOST_COMPARED;
    },
    execute: async args => {
      const found = read(args);
      const pageArgs = { folder: found.folder, runs: found.runs.map(run => run.id) };
      const page: Page = new Page(
        host,
        pageArgs,
        {
          id: `nbmlops-compare-${[...pageArgs.runs].sort().join('-').slice(0, 700)}`,
          label: label(pageArgs.runs.length),
          caption: trans.__('Runs side by side')
        },
        () =>
          React.createElement(ComparePage, {
            folder: pageArgs.folder,
            runs: pageArgs.runs,
            onRuns: ids => {
              page.args.runs = ids;
              void tracker.save(page);
            },
            onNames: names => {
              page.title.label = label(names.length);
              page.title.caption = names.join(', ');
            }
          })
      );
      await tracker.add(page);
      host.open(page);
    }
  });
  if (restorer) {
    void restorer.restore(tracker, {
      command: COMMANDS.compare,
      args: page => ({ ...page.args }),
      name: page => page.id
    });
  }
}
