import {render} from 'preact';

const app = document.getElementById('app');
if (app !== null) render(<h1>lb-local</h1>, app);
