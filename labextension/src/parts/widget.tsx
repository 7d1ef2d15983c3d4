import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import * as React from 'react';
import { HostContext, type Host } from '../host';
import { ShownContext, useSignal } from './hooks';

/** A React part as a widget of Lab's: it knows its host and whether it can be seen. */
export class PartWidget extends ReactWidget {
  constructor(
    private readonly host: Host,
    private readonly part: () => React.ReactElement
  ) {
    super();
    this.addClass('nbmlops-Part');
  }

  readonly shown = new Signal<this, void>(this);

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.shown.emit();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.shown.emit();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.shown.emit();
  }

  protected override render(): React.ReactElement {
    return (
      <HostContext.Provider value={this.host}>
        <Shown widget={this}>{this.part()}</Shown>
      </HostContext.Provider>
    );
  }
}

function Shown(props: { widget: PartWidget; children: React.ReactElement }): React.ReactElement {
  useSignal(props.widget.shown);
  return <ShownContext.Provider value={props.widget.isVisible}>{props.children}</ShownContext.Provider>;
}
