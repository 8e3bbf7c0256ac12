// What is loaded when somebody looks at it: the rest of the page is there sooner.
export {Banner} from './parts/banner.tsx';
export {ConfirmDialog} from './parts/confirm-dialog.tsx';
export {CopyDialog} from './parts/copy-dialog.tsx';
export {AdviceView} from './views/advice.tsx';
export {CallsView} from './views/calls.tsx';
export {CertificatesView} from './views/certificates.tsx';
export {ConnectDialog} from './views/connect.tsx';
export {FaultsView} from './views/faults.tsx';
export {TrafficView} from './views/traffic.tsx';
