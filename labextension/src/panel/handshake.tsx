import * as React from 'react';
import type { Handshake } from '../api/server';
import { API } from '../api/types';
import { useHost } from '../host';
import { Action } from '../parts/button';
import { EmptyNote, Loading } from '../parts/notes';

/** Why the sidebar has nothing to say: its other half is not there, or of another version. */
export function HandshakeNote(): React.ReactElement {
  const { server, trans } = useHost();
  const texts: Record<Exclude<Handshake, 'asking' | 'ready'>, string> = {
    missing: trans.__(
      'The server half of nbmlops is not there. Install nbmlops where Jupyter itself runs (pip install nbmlops), check it with "jupyter server extension list", and start Jupyter again.'
    ),
    older: trans.__(
      'The server runs nbmlops %1, which is older than this sidebar. Update nbmlops where Jupyter runs, and start Jupyter again.',
      server.version
    ),
    newer: trans.__(
      'The server runs nbmlops %1, which is newer than this sidebar. Reload this page; if that does not help, update nbmlops.',
      server.version
    ),
    refused: trans.__('This server does not let you use nbmlops. Log in again, or ask who runs it.'),
    unreachable: trans.__('The Jupyter server does not answer.')
  };
  if (server.handshake === 'asking' || server.handshake === 'ready') {
    return <Loading label={trans.__('Asking the server')} />;
  }
  return (
    <EmptyNote text={texts[server.handshake]}>
      <p className="nbmlops-Note-hint">{trans.__('Shape of answers that this sidebar reads: %1', API)}</p>
      <Action label={trans.__('Ask again')} onClick={() => void server.greet()} />
    </EmptyNote>
  );
}
