import { Dialog, showDialog } from '@jupyterlab/apputils';
import { Widget } from '@lumino/widgets';

class TextBody extends Widget implements Dialog.IBodyWidget<string> {
  constructor(text: string, label: string) {
    super();
    this.area = document.createElement('textarea');
    this.area.value = text;
    this.area.rows = 8;
    this.area.setAttribute('aria-label', label);
    this.area.className = 'nbmlops-TextBody jp-mod-styled';
    this.node.append(this.area);
  }

  getValue(): string {
    return this.area.value;
  }

  private readonly area: HTMLTextAreaElement;
}

/** Some lines of text, asked for in a dialog; null where it is put away. */
export async function askText(title: string, text: string, okLabel: string): Promise<string | null> {
  const { button, value } = await showDialog({
    title,
    body: new TextBody(text, title),
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: okLabel })],
    focusNodeSelector: 'textarea'
  });
  return button.accept ? (value ?? '') : null;
}
