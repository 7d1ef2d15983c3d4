import { LabIcon } from '@jupyterlab/ui-components';

/** Three steps of a pipeline, the last one done. */
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <circle cx="5" cy="6" r="3"/>
    <circle cx="5" cy="18" r="3"/>
    <path d="M18 8.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zm-.6 5.2-1.7-1.7.8-.8.9.9 2-2 .8.8z"/>
    <path d="M8 5.3c4 .3 4.600 3 6.200 4.900l-1 1C11.300 9.500 11 7.300 8 6.900zM8 18.700c4-.3 4.600-3 6.200-4.900l-1-1C11.300 14.500 11 16.700 8 17.100z"/>
  </g>
</svg>`;

export const nbmlopsIcon = new LabIcon({ name: 'nbmlops:icon', svgstr: SVG });
