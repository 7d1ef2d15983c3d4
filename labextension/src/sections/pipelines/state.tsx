import {
  checkIcon,
  clearIcon,
  closeIcon,
  historyIcon,
  runIcon,
  stopIcon,
  type LabIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';
import { useHost } from '../../host';

const ICONS: Record<string, LabIcon> = {
  waiting: historyIcon,
  running: runIcon,
  done: checkIcon,
  kept: checkIcon,
  failed: closeIcon,
  skipped: clearIcon,
  killed: stopIcon
};

/** A state as an icon, and as a word for who does not see it. */
export function StateMark(props: { state: string }): React.ReactElement {
  const { trans } = useHost();
  const words: Record<string, string> = {
    waiting: trans.__('waiting'),
    running: trans.__('running'),
    done: trans.__('done'),
    kept: trans.__('kept: not executed, its results still hold'),
    failed: trans.__('failed'),
    skipped: trans.__('left out'),
    killed: trans.__('stopped')
  };
  const word = words[props.state] ?? props.state;
  const Icon = ICONS[props.state] ?? historyIcon;
  return (
    <span className={`nbmlops-State nbmlops-mod-${props.state}`} role="img" aria-label={word} title={word}>
      <Icon.react tag="span" elementSize="small" />
    </span>
  );
}
