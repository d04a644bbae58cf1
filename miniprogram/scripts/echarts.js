/*! Apache ECharts 5.6.0, Apache License 2.0, https://echarts.apache.org; with zrender 5.6.1, BSD 3-Clause */
// What of ECharts goes into the mini-program (scripts/npm.mjs, preview/compile/sources.mjs).
import { use } from "echarts/core";
import { BarChart } from "echarts/charts";
import { GridComponent } from "echarts/components";
import { CanvasRenderer } from "echarts/renderers";

use([BarChart, GridComponent, CanvasRenderer]);

export { init, setPlatformAPI } from "echarts/core";
