import type { LabIcon } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import * as React from 'react';
import { useHost, type Host } from '../host';
import { nbmlopsIcon } from '../icon';
import { HandshakeNote } from '../panel/handshake';
import { ShownContext, useSignal } from './hooks';
import { PartWidget } from './widget';

/** What a page of the main area is made of again after a reload. */
export interface PageArguments {
  /** From the server's root. */
  folder: string;
  runs: string[];
}

/** A page in the main area. */
export class Page extends PartWidget {
  constructor(
    host: Host,
    readonly args: PageArguments,
    options: { id: string; label: string; caption: string; icon?: LabIcon },
    part: () => React.ReactElement
  ) {
    super(host, () => <Ready>{part()}</Ready>);
    this.id = options.id;
    this.addClass('nbmlops-Main');
    this.title.label = options.label;
    this.title.caption = options.caption;
    this.title.icon = options.icon ?? nbmlopsIcon;
    this.title.closable = true;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', options.caption);
    this.node.tabIndex = -1;
    this.node.dataset['lmSuppressShortcuts'] = 'true';
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    if (!this.node.contains(document.activeElement)) {
      (this.node.querySelector<HTMLElement>('[tabindex="0"]') ?? this.node).focus({ preventScroll: true });
    }
  }
}

/** Once the server has answered; while the page can be seen, the stores are watched. */
function Ready(props: { children: React.ReactElement }): React.ReactElement {
  const { server, live } = useHost();
  const isShown = React.useContext(ShownContext);
  useSignal(server.changed);
  const isReady = server.handshake === 'ready';
  React.useEffect(() => {
    if (!isShown || !isReady) {
      return;
    }
    const watching = live.watch();
    return () => watching.dispose();
  }, [isShown, isReady, live]);
  return isReady ? props.children : <HandshakeNote />;
}
