import { MainAreaWidget } from '@jupyterlab/apputils';
import * as React from 'react';
import type { Host } from '../host';
import { nbmlopsIcon } from '../icon';
import { short } from '../model/format';
import { PartWidget } from '../parts/widget';
import { DiffPage } from './page';

/** What changed between two snapshots, or between one and the files of now, in the main area. */
export function openDiff(host: Host, folder: string, before: string, after: string): void {
  const content = new PartWidget(host, () => React.createElement(DiffPage, { folder, before, after }));
  const widget = new MainAreaWidget({ content });
  widget.toolbar.hide();
  widget.id = `nbmlops-diff-${before}-${after || 'now'}`;
  widget.title.label = `${short(before)} → ${after ? short(after) : host.trans.__('now')}`;
  widget.title.icon = nbmlopsIcon;
  widget.title.closable = true;
  host.open(widget);
}
