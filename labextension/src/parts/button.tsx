import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

export interface ActionProps {
  label: string;
  onClick: () => void;
  /** With an icon the label is what a screen reader says and what hovering shows. */
  icon?: LabIcon;
  isDisabled?: boolean;
  isPrimary?: boolean;
  isPressed?: boolean;
  title?: string;
}

export function Action(props: ActionProps): React.ReactElement {
  const { icon: Icon } = props;
  const look = Icon ? 'nbmlops-Action nbmlops-mod-icon' : 'nbmlops-Action';
  return (
    <button
      type="button"
      className={`${look}${props.isPrimary ? ' nbmlops-mod-primary' : ''}`}
      disabled={props.isDisabled}
      aria-label={Icon ? props.label : undefined}
      aria-pressed={props.isPressed}
      title={props.title ?? (Icon ? props.label : undefined)}
      onClick={props.onClick}
    >
      {Icon ? <Icon.react tag="span" elementSize="normal" aria-hidden="true" /> : props.label}
    </button>
  );
}
