import * as React from 'react';
import { useHost } from '../../host';
import { Remotes } from './remotes';
import { Snapshots } from './snapshots';

/** What is kept of data and code, where it was used, and where else it lies. */
export function DataSection(): React.ReactElement {
  const { server } = useHost();
  return (
    <>
      <Snapshots />
      {server.has('remote') && <Remotes />}
    </>
  );
}
