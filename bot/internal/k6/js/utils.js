(function (random) {
  function randomIntBetween(min, max) {
    return Math.floor(random() * (max - min + 1) + min);
  }
  function randomItem(list) {
    return list[Math.floor(random() * list.length)];
  }
  function randomString(length, charset) {
    const letters = charset || "abcdefghijklmnopqrstuvwxyz";
    let text = "";
    while (length-- > 0) {
      text += letters[Math.floor(random() * letters.length)];
    }
    return text;
  }
  function uuidv4(secure) {
    return "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx".replace(/[xy]/g, (c) => {
      const n = Math.floor(random() * 16);
      return (c === "x" ? n : (n & 3) | 8).toString(16);
    });
  }
  function findBetween(content, left, right, repeat) {
    const found = [];
    let at = 0;
    for (;;) {
      const from = content.indexOf(left, at);
      const to = from < 0 ? -1 : content.indexOf(right, from + left.length);
      if (to < 0) {
        return repeat ? found : found[0] || null;
      }
      found.push(content.substring(from + left.length, to));
      if (!repeat) {
        return found[0];
      }
      at = to + right.length;
    }
  }
  function normalDistributionStages(maxVus, durationSeconds, numberOfStages) {
    const count = numberOfStages || 10;
    const normal = (mean, deviation, x) =>
      Math.exp(-0.5 * Math.log(2 * Math.PI) - Math.log(deviation) - (x - mean) ** 2 / (2 * deviation * deviation));
    const curve = [];
    for (let i = 0; i <= count; i++) {
      curve.push(normal(0, 1, -2 + (4 * i) / count));
    }
    const peak = Math.max(...curve);
    const stages = curve.map((y) => ({ duration: `${Math.ceil(durationSeconds / (count + 2))}s`, target: Math.round((maxVus * y) / peak) }));
    stages.push({ duration: `${Math.ceil(durationSeconds / (count + 2))}s`, target: 0 });
    return stages;
  }
  return { randomIntBetween, randomItem, randomString, uuidv4, findBetween, normalDistributionStages };
})
