import type { IEditorServices } from '@jupyterlab/codeeditor';
import { NotebookModel, StaticNotebook } from '@jupyterlab/notebook';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';
import { useHost } from '../host';
import type { NotebookDocument } from '../model/untrusted';

/** A notebook in Lab's own looks, without a kernel and without a way to change it. */
export function NotebookView(props: { document: NotebookDocument; editors: IEditorServices }): React.ReactElement {
  const { document, editors } = props;
  const { rendermime } = useHost();
  const box = React.useRef<HTMLDivElement>(null);
  // Lab's widgets must leave while their place is still in the page.
  React.useLayoutEffect(() => {
    const place = box.current;
    if (!place) {
      return;
    }
    const { code, markdown, raw } = StaticNotebook.defaultEditorConfig;
    const model = new NotebookModel();
    model.fromJSON(document as never);
    model.readOnly = true;
    const view = new StaticNotebook({
      rendermime: rendermime.clone(),
      contentFactory: new StaticNotebook.ContentFactory({ editorFactory: editors.factoryService.newInlineEditor }),
      mimeTypeService: editors.mimeTypeService,
      editorConfig: {
        code: { ...code, readOnly: true },
        markdown: { ...markdown, readOnly: true },
        raw: { ...raw, readOnly: true }
      },
      notebookConfig: { ...StaticNotebook.defaultNotebookConfig, windowingMode: 'defer' }
    });
    view.model = model;
    Widget.attach(view, place);
    const observer = new ResizeObserver(() => MessageLoop.postMessage(view, Widget.ResizeMessage.UnknownSize));
    observer.observe(place);
    return () => {
      observer.disconnect();
      view.dispose();
      model.dispose();
    };
  }, [document, editors, rendermime]);
  return <div className="nbmlops-Executed-view" ref={box} />;
}
