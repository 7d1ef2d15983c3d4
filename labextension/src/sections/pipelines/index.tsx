import * as React from 'react';

export function PipelinesSection(): React.ReactElement {
  return <div />;
}
