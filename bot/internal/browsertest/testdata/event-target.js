const target = new EventTarget();
target.addEventListener('a', function (e) { print(e.type, this === target, e.target === target, e.currentTarget === target); });
print(target.dispatchEvent(new Event('a')));
class Mine extends EventTarget { constructor() { super(); this.n = 0; } }
const mine = new Mine();
mine.addEventListener('b', () => mine.n++);
mine.dispatchEvent(new Event('b'));
mine.dispatchEvent(new Event('b'));
print(mine.n, mine instanceof EventTarget);
attempt('without new', () => EventTarget());
attempt('Event without new', () => Event('a'));
attempt('Event without type', () => new Event());
print(Event.NONE, Event.CAPTURING_PHASE, Event.AT_TARGET, Event.BUBBLING_PHASE, new Event('a').AT_TARGET, new Event(7).type);
const data = {};
print(new MessageEvent('m', {data}).data === data, new MessageEvent('m').data, JSON.stringify(new MessageEvent('m', {origin: 'o', lastEventId: 'i'}).lastEventId));
done();
