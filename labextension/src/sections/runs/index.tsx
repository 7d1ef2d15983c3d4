import * as React from 'react';
import { useHost } from '../../host';
import { useSignal } from '../../parts/hooks';
import { RunsBrowser } from './browser';

/** The runs of the project where the user is. */
export function RunsSection(): React.ReactElement {
  const { place } = useHost();
  useSignal(place.changed);
  return <RunsBrowser key={place.folder} folder={place.folder} isWide={false} />;
}
