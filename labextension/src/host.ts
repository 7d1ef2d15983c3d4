import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IStateDB } from '@jupyterlab/statedb';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Widget } from '@lumino/widgets';
import * as React from 'react';
import type { Client } from './api/client';
import type { Jobs } from './api/jobs';
import type { Live } from './api/live';
import type { Server } from './api/server';
import type { Forms } from './forms/forms';
import type { NotebookState } from './notebook/state';
import type { Place } from './place';

/** All that a part of the sidebar may ask for. */
export interface Host {
  readonly app: JupyterFrontEnd;
  readonly client: Client;
  /** What the server half can do, once it has answered. */
  readonly server: Server;
  readonly live: Live;
  readonly jobs: Jobs;
  readonly place: Place;
  readonly notebook: NotebookState;
  readonly forms: Forms;
  readonly trans: TranslationBundle;
  readonly notebooks: INotebookTracker | null;
  readonly documents: IDocumentManager;
  readonly rendermime: IRenderMimeRegistry;
  /** Remembers choices over reloads; null where the front end has none. */
  readonly state: IStateDB | null;
  /** Into the main area; a widget of that id comes to the front instead. */
  open(widget: Widget & { id: string }): void;
}

export const HostContext = React.createContext<Host | null>(null);

export function useHost(): Host {
  const host = React.useContext(HostContext);
  if (!host) {
    throw new Error('There is no host around this part.');
  }
  return host;
}
