import { Clipboard } from '@jupyterlab/apputils';
import { checkIcon, copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { useHost } from '../host';
import { Action } from './button';

/** A text to be taken elsewhere: an address, an id. */
export function CopyText(props: { text: string; shown?: string; name: string }): React.ReactElement {
  const { trans } = useHost();
  const [isCopied, setCopied] = React.useState(false);
  React.useEffect(() => {
    if (!isCopied) {
      return;
    }
    const timer = window.setTimeout(() => setCopied(false), 1500);
    return () => window.clearTimeout(timer);
  }, [isCopied]);
  return (
    <span className="nbmlops-Copy">
      <code title={props.text}>{props.shown ?? props.text}</code>
      <Action
        icon={isCopied ? checkIcon : copyIcon}
        label={isCopied ? trans.__('Copied') : trans.__('Copy %1', props.name)}
        onClick={() => {
          Clipboard.copyToSystem(props.text);
          setCopied(true);
        }}
      />
    </span>
  );
}
