import subprocess,io,numpy as np
from PIL import Image
im=Image.fromarray(np.random.default_rng(0).integers(0,256,(64,96,3)).astype(np.uint8)); im.save('/tmp/w/t15/n.png')
M=np.array([8,16,19,22,26,27,29,34,16,16,22,24,27,29,34,37,19,22,26,27,29,34,34,38,22,22,26,27,29,34,37,40,22,26,27,29,32,35,40,48,26,27,29,32,35,40,48,58,26,27,29,34,38,46,56,69,27,29,35,38,46,56,69,83])
for fmt in ('yuvj420p','yuvj422p','yuvj444p'):
    ok=[]
    for q in list(range(1,32))+[40,69]:
        r=subprocess.run(['ffmpeg','-v','error','-y','-i','n.png','-pix_fmt',fmt,'-qmin','1','-qmax','69','-q:v',str(q),'o.jpg'],capture_output=True,cwd='/tmp/w/t15')
        if r.returncode: print(fmt,q,r.stderr[-200:]); break
        j=Image.open('/tmp/w/t15/o.jpg'); t=j.quantization
        l=np.array(t[0]); want=np.clip((M*q)>>3,1,255); want[0]=8
        ok.append((q,len(t),(l==want).all(), [ bool((np.array(t[i])==want).all()) for i in t]))
        if q in(2,31,40): print(fmt,q,l[:8],want[:8],j.info.get('comment'),j.app)
    print(fmt,[o for o in ok if not o[2]][:5], set((o[1],tuple(o[3])) for o in ok), len(ok))
