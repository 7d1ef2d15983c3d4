import { MainAreaWidget } from '@jupyterlab/apputils';
import * as React from 'react';
import type { Job } from '../api/types';
import { openForm } from '../forms/open';
import type { Host } from '../host';
import { nbmlopsIcon } from '../icon';
import { PartWidget } from '../parts/widget';
import { ResultPage } from './result';

export interface FollowUp {
  label: string;
  act: () => void;
}

/** What people want next, once a job has ended. */
export function followUps(host: Host, job: Job): FollowUp[] {
  const { trans, server } = host;
  const found: FollowUp[] = [];
  if (job.state === 'done') {
    found.push({ label: trans.__('Show'), act: () => showResult(host, job) });
    if (job.verb === 'export' && server.has('run')) {
      found.push({ label: trans.__('Run it'), act: () => void runExported(host, job) });
    }
  }
  if (job.state === 'failed') {
    found.push({ label: trans.__('Show'), act: () => showResult(host, job) });
  }
  const broken = job.error?.facts?.['run'];
  if (job.state !== 'done' && typeof broken === 'string' && server.has('resume')) {
    found.push({
      label: trans.__('Go on from there'),
      act: () => openForm(host, 'resume', { run: broken }, { folder: job.folder })
    });
  }
  return found;
}

/** In the main area, as the command line shows it. */
export function showResult(host: Host, job: Job): void {
  const content = new PartWidget(host, () => React.createElement(ResultPage, { id: job.id }));
  const widget = new MainAreaWidget({ content });
  widget.toolbar.hide();
  widget.id = `nbmlops-result-${job.id}`;
  widget.title.label = job.verb;
  widget.title.icon = nbmlopsIcon;
  widget.title.closable = true;
  host.open(widget);
}

async function runExported(host: Host, job: Job): Promise<void> {
  const { result } = await host.client.job(job.id);
  const folder = (result as { folder?: string } | null)?.folder;
  if (folder) {
    openForm(host, 'run', { pipeline: folder }, { folder: job.folder });
  }
}
