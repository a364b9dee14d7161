/* The portal's charts, drawn from JSON in the page: a score band with its pass line, weekly bars with the part that matters, a rate. */
"use strict";
(() => {
  const token = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();

  const onWall = () => document.body.classList.contains("wall");
  /* Every second week is named (on the wall every fifth), counted back from the current one. */
  const someWeeks = (words, last) => ({ ...words, interval: (at) => (last - at) % (onWall() ? 5 : 2) === 0 });

  function frame(weeks) {
    const words = { color: token("--ink-3"), fontSize: onWall() ? 18 : 12 };
    return {
      words,
      option: {
        animation: false,
        textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
        grid: { left: 40, right: onWall() ? 128 : 92, top: 12, bottom: 28 },
        xAxis: { type: "category", axisTick: { show: false }, axisLine: { lineStyle: { color: token("--line-2") } }, data: weeks, axisLabel: someWeeks(words, weeks.length - 1) },
        yAxis: { type: "value", axisLabel: words, splitLine: { lineStyle: { color: token("--line") } }, splitNumber: 4 },
      },
    };
  }

  /* Low and high per week; null where nothing was closed. The ground between them is the part not yet assessed. */
  function band(data) {
    const { option, words } = frame(data.weeks), last = data.weeks.length - 1;
    const ending = (word, bold, color) => ({
      show: true, distance: 8, color, fontWeight: bold ? 700 : 400, fontSize: words.fontSize,
      formatter: (point) => `${word} ${Number(point.value).toFixed(2)}`,
    });
    const line = (name, values, color, bold) => ({
      name, type: "line", data: values, symbol: "circle", symbolSize: (_value, point) => (point.dataIndex === last ? 7 : 0),
      showAllSymbol: true, lineStyle: { color, width: bold ? 2 : 1.5 }, itemStyle: { color }, endLabel: ending(name, bold, color), labelLayout: { moveOverlap: "shiftY" },
    });
    option.xAxis = { ...option.xAxis, boundaryGap: false };
    option.yAxis = { ...option.yAxis, min: data.min ?? 60, max: data.max ?? 100, interval: data.interval ?? 10 };
    option.series = [
      { type: "line", stack: "band", data: data.low, symbol: "none", lineStyle: { opacity: 0 }, silent: true },
      { type: "line", stack: "band", data: data.high.map((high, at) => (high === null ? null : high - data.low[at])), symbol: "none",
        lineStyle: { opacity: 0 }, areaStyle: { color: token("--azurite-tint"), opacity: 1 }, silent: true },
      line(data.words.high, data.high, token("--fill-on-time"), false),
      { ...line(data.words.low, data.low, token("--azurite"), true),
        markLine: data.pass === null ? undefined : { symbol: "none", silent: true, animation: false, data: [{ yAxis: data.pass }],
          lineStyle: { color: token("--ink"), type: "dashed", width: 1 },
          label: { position: "insideStartTop", color: token("--ink"), fontWeight: 700, fontSize: words.fontSize, formatter: `${data.words.pass} ${data.pass}` } } },
    ];
    return option;
  }

  /* History pale, the current week full; the red part lies inside the total. */
  function bars(data) {
    const { option, words } = frame(data.weeks), last = data.weeks.length - 1;
    const ending = (word, value, color) => ({
      show: true, position: ["100%", 0], offset: [8, 0], color, fontWeight: 700, fontSize: words.fontSize, formatter: `${word} ${value.toLocaleString("en")}`,
    });
    const column = (values, fill, now, word, shown, ink) => ({
      type: "bar", stack: "week", barWidth: "46%", silent: true,
      data: values.map((value, at) => ({
        value, itemStyle: { color: at === last ? now : fill }, label: at === last ? ending(word, shown, ink) : { show: false },
      })),
    });
    option.yAxis = { ...option.yAxis, min: 0, splitNumber: 2 };
    option.series = [
      column(data.part, token("--fill-overdue"), token("--fill-overdue"), data.words.part, data.part[last], token("--cinnabar")),
      column(data.total.map((total, at) => total - data.part[at]), token("--fill-past"), token("--fill-on-time"), data.words.total, data.total[last], token("--azurite-dark")),
    ];
    return option;
  }

  /* Percent done per week, the last one named; it starts again where a new period begins. */
  function rate(data) {
    const { option, words } = frame(data.weeks), last = data.weeks.length - 1;
    const color = token("--azurite");
    option.xAxis = { ...option.xAxis, boundaryGap: false };
    option.yAxis = { ...option.yAxis, min: 0, max: 100, interval: 25, axisLabel: { ...words, formatter: "{value}%" } };
    option.grid = { ...option.grid, left: 48 };
    option.series = [{
      name: data.words.rate, type: "line", data: data.rate, silent: true, showAllSymbol: true, symbol: "circle",
      symbolSize: (_value, point) => (point.dataIndex === last ? 7 : 0), lineStyle: { color, width: 2 }, itemStyle: { color },
      endLabel: { show: true, distance: 8, color, fontWeight: 700, fontSize: words.fontSize, formatter: (point) => `${data.words.rate} ${Number(point.value).toFixed(1)}%` },
    }];
    return option;
  }

  const kinds = { band, bars, rate };
  function draw(root) {
    for (const place of root.querySelectorAll("[data-chart]")) {
      const source = document.getElementById(place.dataset.source);
      if (!source || place.dataset.drawn || !window.echarts) continue;
      const data = JSON.parse(source.textContent);
      if (!data.weeks.length) continue;
      place.dataset.drawn = "1";
      const chart = window.echarts.init(place, null, { renderer: "canvas", devicePixelRatio: Math.max(2, window.devicePixelRatio) });
      chart.setOption(kinds[place.dataset.chart](data));
      new ResizeObserver(() => chart.resize()).observe(place);
    }
  }
  document.addEventListener("DOMContentLoaded", () => draw(document));
  document.addEventListener("htmx:afterSettle", () => draw(document));
})();
