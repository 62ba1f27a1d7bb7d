import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app';
import { connectBridge, createAsk } from './bridge';
import { createLiveStore } from './model/live-store';
import './styles/index.css';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');

const bridge = connectBridge();
document.documentElement.dataset.face = bridge.face;
document.documentElement.dataset.platform = bridge.platform;
const ask = createAsk(bridge);
const store = createLiveStore(bridge, ask);

createRoot(root).render(
  <StrictMode>
    <App bridge={bridge} ask={ask} store={store} />
  </StrictMode>,
);
