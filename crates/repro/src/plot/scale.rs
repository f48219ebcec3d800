//! Axis scales: data to the unit interval, and where the ticks go.

/// A linear or logarithmic axis, with an optional label and fixed or automatic limits.
#[derive(Clone, Debug, Default)]
pub struct Scale {
    pub(super) label: String,
    pub(super) logarithmic: bool,
    low: Option<f64>,
    high: Option<f64>,
    ticks: Option<Vec<(f64, String)>>,
    pub(super) hidden: bool,
}

impl Scale {
    /// A linear axis.
    pub fn linear(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            ..Self::default()
        }
    }

    /// A logarithmic axis. Values that are not positive cannot be shown on it and are left out.
    pub fn log(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            logarithmic: true,
            ..Self::default()
        }
    }

    /// Fixes both limits.
    #[must_use]
    pub fn limits(mut self, low: f64, high: f64) -> Self {
        (self.low, self.high) = (Some(low), Some(high));
        self
    }

    /// Fixes the lower limit.
    #[must_use]
    pub fn from(mut self, low: f64) -> Self {
        self.low = Some(low);
        self
    }

    /// Fixes the upper limit.
    #[must_use]
    pub fn to(mut self, high: f64) -> Self {
        self.high = Some(high);
        self
    }

    /// Ticks just here, with these labels.
    #[must_use]
    pub fn ticks(mut self, ticks: impl IntoIterator<Item = (f64, impl Into<String>)>) -> Self {
        self.ticks = Some(
            ticks
                .into_iter()
                .map(|(x, label)| (x, label.into()))
                .collect(),
        );
        self
    }

    /// Ticks but no tick labels: for panels that share an axis with their neighbour.
    #[must_use]
    pub fn unlabelled(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// The scale with limits that show these values.
    pub(super) fn fit(&self, values: impl Iterator<Item = f64>) -> Fitted {
        let logarithmic = self.logarithmic;
        let usable = |x: &f64| x.is_finite() && (!logarithmic || *x > 0.0);
        let (mut low, mut high) = values
            .filter(usable)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| {
                (a.min(x), b.max(x))
            });
        if low > high {
            (low, high) = if logarithmic { (0.1, 1.0) } else { (0.0, 1.0) };
        }
        let forward = |x: f64| if logarithmic { x.log10() } else { x };
        let (mut low, mut high) = (forward(low), forward(high));
        let margin = match high - low {
            span if span > 0.0 => 0.04 * span,
            _ => 0.5 * low.abs().max(1.0),
        };
        low = self.low.map_or(low - margin, forward);
        high = self.high.map_or(high + margin, forward);
        if low >= high {
            high = low + 1.0;
        }
        let mut fitted = Fitted {
            logarithmic,
            low,
            high,
            ticks: Vec::new(),
            minor: Vec::new(),
        };
        match &self.ticks {
            Some(ticks) => fitted.ticks.clone_from(ticks),
            None if logarithmic => fitted.log_ticks(),
            None => fitted.linear_ticks(),
        }
        fitted
    }
}

/// A scale with its limits known.
#[derive(Clone, Debug)]
pub(super) struct Fitted {
    logarithmic: bool,
    low: f64,
    high: f64,
    pub(super) ticks: Vec<(f64, String)>,
    pub(super) minor: Vec<f64>,
}

impl Fitted {
    /// 0 at the lower limit, 1 at the upper; `None` for what the axis cannot show.
    pub(super) fn unit(&self, x: f64) -> Option<f64> {
        let x = match self.logarithmic {
            true if x > 0.0 => x.log10(),
            true => return None,
            false => x,
        };
        x.is_finite()
            .then(|| (x - self.low) / (self.high - self.low))
    }

    /// What stands at the ends of the axis; logarithms, if it is logarithmic.
    pub(super) fn limits(&self) -> [f64; 2] {
        [self.low, self.high]
    }

    /// Width of the label of a tick at the upper limit; 0 if there is none.
    pub(super) fn overhang(&self, width: impl Fn(&str) -> f64) -> f64 {
        let at_end =
            |tick: &&(f64, String)| self.unit(tick.0).is_some_and(|u| (0.98..1.01).contains(&u));
        let last = self.ticks.iter().rfind(at_end);
        last.map_or(0.0, |(_, label)| width(label))
    }

    fn linear_ticks(&mut self) {
        let step = nice_step((self.high - self.low) / 5.0);
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        let decimals = if step >= 1.0 { 0 } else { decimals };
        let first = (self.low / step - 1e-9).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        let large = self.low.abs().max(self.high.abs()) >= 1e5;
        let label = |x: f64| match x {
            0.0 => "0".to_owned(),
            x if large => power(x),
            x => minus(&format!("{x:.decimals$}")),
        };
        self.ticks = (first..=last)
            .map(|i| i as f64 * step)
            .map(|x| (x, label(x)))
            .collect();
    }

    fn log_ticks(&mut self) {
        let (first, last) = (
            (self.low - 1e-9).ceil() as i32,
            (self.high + 1e-9).floor() as i32,
        );
        let every = ((last - first) / 5).max(1) as usize;
        self.ticks = (first..=last)
            .step_by(every)
            .map(|e| (10f64.powi(e), format!("10^{{{}}}", minus(&e.to_string()))))
            .collect();
        let decades = self.low.floor() as i32..=self.high.floor() as i32;
        let inside = |x: &f64| (self.low..=self.high).contains(&x.log10());
        let minor: Vec<f64> = decades
            .flat_map(|e| (2..10).map(move |m| f64::from(m) * 10f64.powi(e)))
            .filter(inside)
            .collect();
        if self.ticks.len() < 2 {
            // Less than two decades: label 1, 2 and 5 as well.
            let labelled = |x: &&f64| {
                let m = (**x / 10f64.powf(x.log10().floor())).round();
                m == 2.0 || m == 5.0
            };
            let mut extra: Vec<f64> = minor.iter().filter(labelled).copied().collect();
            if self.ticks.len() + extra.len() < 2 {
                extra.clone_from(&minor);
            }
            self.ticks = self
                .ticks
                .iter()
                .map(|t| t.0)
                .chain(extra)
                .map(|x| (x, plain(x)))
                .collect();
        }
        self.minor = minor;
    }
}

/// 1, 2 or 5 times a power of ten, not below `step`.
fn nice_step(step: f64) -> f64 {
    let base = 10f64.powf(step.log10().floor());
    let m = step / base;
    base * [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|&n| m <= n * 1.000_001)
        .unwrap_or(10.0)
}

fn plain(x: f64) -> String {
    if (1e-3..1e5).contains(&x) {
        format!("{}", (x * 1e6).round() / 1e6)
    } else {
        power(x)
    }
}

fn power(x: f64) -> String {
    let e = x.abs().log10().floor() as i32;
    let m = x / 10f64.powi(e);
    let m = (m * 100.0).round() / 100.0;
    let exponent = minus(&e.to_string());
    match m {
        1.0 => format!("10^{{{exponent}}}"),
        m => minus(&format!("{m}·10^{{{exponent}}}")),
    }
}

/// A true minus sign.
fn minus(text: &str) -> String {
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale, values: &[f64]) -> Vec<String> {
        scale
            .fit(values.iter().copied())
            .ticks
            .into_iter()
            .map(|t| t.1)
            .collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        let x = Scale::linear("");
        assert_eq!(
            labels(&x.clone().limits(0.0, 30.0), &[]),
            ["0", "10", "20", "30"]
        );
        assert_eq!(
            labels(&x.clone().limits(-0.5, 0.5), &[]),
            ["−0.4", "−0.2", "0", "0.2", "0.4"]
        );
        let log = Scale::log("").limits(1e-3, 1.0);
        assert_eq!(
            labels(&log, &[]),
            ["10^{−3}", "10^{−2}", "10^{−1}", "10^{0}"]
        );
        assert_eq!(
            labels(&Scale::log("").limits(0.15, 0.8), &[]),
            ["0.2", "0.5"]
        );
        assert_eq!(
            labels(&Scale::log("").limits(0.025, 0.085), &[]),
            ["0.03", "0.04", "0.05", "0.06", "0.07", "0.08"]
        );
    }

    #[test]
    fn the_unit_interval_spans_the_limits() {
        let fitted = Scale::log("").limits(0.01, 100.0).fit([].into_iter());
        assert_eq!(fitted.unit(1.0), Some(0.5));
        assert_eq!(fitted.unit(0.0), None);
        let fitted = Scale::linear("").fit([3.0, 3.0].into_iter());
        assert_eq!(fitted.unit(3.0), Some(0.5));
    }
}
