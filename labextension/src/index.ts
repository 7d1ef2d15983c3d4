import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'nbmlops:plugin',
  description: 'The nbmlops sidebar.',
  autoStart: true,
  activate: (app: JupyterFrontEnd) => {
    console.debug('nbmlops', app.name);
  }
};

export default plugin;
