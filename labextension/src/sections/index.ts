import type { TranslationBundle } from '@jupyterlab/translation';
import type * as React from 'react';
import { DataSection } from './data';
import { DeploymentsSection } from './deployments';
import { NotebookSection } from './notebook';
import { PackagesSection } from './packages';
import { PipelinesSection } from './pipelines';
import { ReconcilersSection } from './reconcilers';
import { RunsSection } from './runs';

export interface Section {
  id: string;
  label: (trans: TranslationBundle) => string;
  /** Verbs without which there is nothing to show. */
  verbs: string[];
  part: React.ComponentType;
}

export const SECTIONS: readonly Section[] = [
  {
    id: 'notebook',
    label: trans => trans.__('Notebook'),
    verbs: ['cells'],
    part: NotebookSection
  },
  {
    id: 'runs',
    label: trans => trans.__('Runs'),
    verbs: ['runs'],
    part: RunsSection
  },
  {
    id: 'data',
    label: trans => trans.__('Data'),
    verbs: ['snapshots'],
    part: DataSection
  },
  {
    id: 'pipelines',
    label: trans => trans.__('Pipelines'),
    verbs: ['pipelines'],
    part: PipelinesSection
  },
  {
    id: 'packages',
    label: trans => trans.__('Packages'),
    verbs: ['packages', 'inspect'],
    part: PackagesSection
  },
  {
    id: 'deployments',
    label: trans => trans.__('Deployments'),
    verbs: ['deployments', 'deploy'],
    part: DeploymentsSection
  },
  {
    id: 'reconcilers',
    label: trans => trans.__('Reconcilers'),
    verbs: ['reconcilers', 'reconcile'],
    part: ReconcilersSection
  }
];
