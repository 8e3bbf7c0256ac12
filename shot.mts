import {chromium} from 'playwright-core';
import {startEmulator} from './src/index.ts';
const e = await startEmulator({port:0, config: {backends:{app:{kind:'echo',count:2}, bad:{kind:'reply',status:500}}, loadBalancers:{web:{listeners:['https:443 -> http:80','http:80'],backends:['app','bad'],rules:[{priority:10,path:'/api/*',to:['app-1']}]}, shop:{listeners:['tcp:6379'],backends:['app-2']}}}});
const lb = e.get('web');
lb.setHealth('app-2','OutOfService');
for (let i=0;i<30;i++) await lb.fetch(i%3?'/cart?x='+i:'/api/orders/'+i);
const b = await chromium.launch({executablePath:'/usr/bin/chromium', args:['--no-sandbox','--disable-dev-shm-usage']});
for (const [scheme,w] of [['light',1300],['dark',1300],['light',340]] as const) {
 const p = await b.newPage({viewport:{width:w,height:860}, colorScheme:scheme});
 p.on('console', m => console.log('CONSOLE', m.text()));
 await p.goto(e.endpoint+'/_lb/'); await p.waitForTimeout(1200);
 await p.screenshot({path:`/tmp/s-map-${scheme}-${w}.png`});
 await p.goto(e.endpoint+'/_lb/#/traffic'); await p.waitForTimeout(1200);
 const row = p.locator('[role=row]').nth(5); await row.click().catch(()=>{}); await p.waitForTimeout(600);
 await p.screenshot({path:`/tmp/s-traffic-${scheme}-${w}.png`});
 await p.close();
}
await b.close(); await e.stop();
