//! The course of a search: new trials on the lowest rung, and the best of each rung on to the next.

use std::cmp::Ordering;
use std::collections::HashSet;

use anyhow::Result;
use serde_json::Value;

use super::proposals::Proposals;
use super::space::Point;
use super::tune::Tune;
use crate::ranking::Score;

/// Proposals in a row that are points already tried, after which there are no others to find.
const REPEATS: u32 = 1000;

/// A point that is tried.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    /// Its settings.
    pub(crate) point: Point,
    /// What its seeds found on each rung that it has passed.
    pub(crate) scores: Vec<Score>,
    places: Vec<Option<f64>>,
}

impl Trial {
    /// Its setting of this key, where it has one.
    pub(crate) fn setting(&self, key: &str) -> Option<&Value> {
        let setting = self.point.iter().find(|(name, _)| name == key);
        setting.map(|(_, value)| value)
    }
}

/// A trial to be run on a rung, both from 0 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Which trial.
    pub(crate) trial: usize,
    /// Which rung.
    pub(crate) rung: usize,
}

/// The state of a search. What is next follows from what was told before, and from nothing else.
#[derive(Debug)]
pub(crate) struct Search {
    tune: Tune,
    trials: Vec<Trial>,
    known: HashSet<String>,
    spent: f64,
    generations: usize,
    /// Proposals so far, those that were known included.
    proposed: u32,
    exhausted: bool,
}

impl Search {
    /// Nothing tried yet.
    pub(crate) fn new(tune: Tune) -> Self {
        Self {
            tune,
            trials: Vec::new(),
            known: HashSet::new(),
            spent: 0.0,
            generations: 0,
            proposed: 0,
            exhausted: false,
        }
    }

    /// What it is to do.
    pub(crate) fn tune(&self) -> &Tune {
        &self.tune
    }

    /// All trials, in the order in which they began.
    pub(crate) fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// What all steps so far cost, in runs of the last rung.
    pub(crate) fn spent(&self) -> f64 {
        self.spent
    }

    /// Generations so far.
    pub(crate) fn generations(&self) -> usize {
        self.generations
    }

    /// The steps of the next generation, none at the end. The scores of all earlier ones have been [told](Self::tell).
    ///
    /// Of the `n` trials that a rung has seen, the best `⌊n / keep_one_in⌋` go on, on the highest rungs first; the others are
    /// new. None is begun that the rest of the budget could not carry through all rungs. When nothing else is left to do, the
    /// rest goes to the best that did not go on.
    pub(crate) fn next(&mut self) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        let last = self.tune.rungs.len() - 1;
        for rung in (1..=last).rev() {
            let below = self.on(rung - 1);
            let promoted = below.len() / self.tune.rungs.keep_one_in();
            self.go_on(rung, &below[..promoted], &mut steps);
        }
        self.begin(&mut steps)?;
        for rung in (1..=last).rev() {
            if steps.is_empty() {
                let below = self.on(rung - 1);
                self.go_on(rung, &below, &mut steps);
            }
        }
        self.generations += usize::from(!steps.is_empty());
        Ok(steps)
    }

    /// Takes up what the seeds of a step found: none for one that diverged.
    pub(crate) fn tell(&mut self, step: Step, values: &[Option<f64>]) {
        let score = self.tune.objective.score(values);
        self.trials[step.trial].scores.push(score);
    }

    /// All trials that have a score, the best first: those on higher rungs before those on lower ones, and behind all those of
    /// which seeds diverged.
    pub(crate) fn ranked(&self) -> Vec<usize> {
        let mut ranked: Vec<(usize, &Score)> = self.scored(|trial| trial.scores.last()).collect();
        ranked.sort_by(|(a, score_a), (b, score_b)| {
            let rungs = |trial: usize| self.trials[trial].scores.len();
            let sound = (score_a.diverged > 0).cmp(&(score_b.diverged > 0));
            let higher = match score_a.diverged > 0 {
                true => Ordering::Equal,
                false => rungs(*b).cmp(&rungs(*a)),
            };
            let better = score_a.compare(score_b, self.tune.objective.better);
            sound.then(higher).then(better).then(a.cmp(b))
        });
        ranked.into_iter().map(|(trial, _)| trial).collect()
    }

    fn scored<'a>(
        &'a self,
        score: impl Fn(&'a Trial) -> Option<&'a Score>,
    ) -> impl Iterator<Item = (usize, &'a Score)> {
        let trials = self.trials.iter().enumerate();
        trials.filter_map(move |(i, trial)| Some((i, score(trial)?)))
    }

    /// The trials that a rung has seen, the best first.
    fn on(&self, rung: usize) -> Vec<usize> {
        let mut on: Vec<(usize, &Score)> = self.scored(|trial| trial.scores.get(rung)).collect();
        let better = self.tune.objective.better;
        on.sort_by(|(a, score_a), (b, score_b)| score_a.compare(score_b, better).then(a.cmp(b)));
        on.into_iter().map(|(trial, _)| trial).collect()
    }

    /// Sends those of the trials on to a rung that have not been there, as far as generation and budget reach.
    fn go_on(&mut self, rung: usize, trials: &[usize], steps: &mut Vec<Step>) {
        for &trial in trials {
            let scores = &self.trials[trial].scores;
            let sound = scores.last().is_some_and(|score| score.diverged == 0);
            let room = steps.len() < self.tune.batch && self.affords(rung);
            if scores.len() == rung && sound && room {
                self.spent += self.tune.rungs.cost(rung);
                steps.push(Step { trial, rung });
            }
        }
    }

    /// Fills a generation with new trials, as far as the budget reaches.
    fn begin(&mut self, steps: &mut Vec<Step>) -> Result<()> {
        if self.exhausted || steps.len() >= self.tune.batch || !self.affords(0) {
            return Ok(());
        }
        let Tune {
            rule,
            seed,
            startup,
            ..
        } = self.tune;
        let ranked = self.ranked();
        let learnt: Vec<&[Option<f64>]> = match ranked.len() < startup {
            true => Vec::new(),
            false => ranked
                .iter()
                .map(|&trial| &self.trials[trial].places[..])
                .collect(),
        };
        let space = self.tune.space.clone();
        let mut proposals = Proposals::new(&space, rule, seed, &learnt)?;
        let mut repeats = 0;
        while steps.len() < self.tune.batch && self.affords(0) {
            let places = proposals.places(self.proposed)?;
            self.proposed += 1;
            let values = space.values(&places);
            let point = space.point(&values);
            if !self.known.insert(format!("{point:?}")) {
                repeats += 1;
                self.exhausted = repeats == REPEATS;
                if self.exhausted {
                    break;
                }
                continue;
            }
            repeats = 0;
            let there = values.iter().zip(places);
            self.trials.push(Trial {
                point,
                scores: Vec::new(),
                places: there
                    .map(|(value, place)| value.as_ref().map(|_| place))
                    .collect(),
            });
            self.spent += self.tune.rungs.cost(0);
            let trial = self.trials.len() - 1;
            steps.push(Step { trial, rung: 0 });
        }
        Ok(())
    }

    /// Whether the rest of the budget carries one trial from this rung up to the last.
    fn affords(&self, rung: usize) -> bool {
        self.spent + self.tune.rungs.cost_from(rung) <= self.tune.budget + 1e-9
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::studies;

    fn search(table: &Value) -> Search {
        let study = studies::find("mimic").unwrap();
        Search::new(Tune::parse(table, study, None).unwrap())
    }

    /// Goes to the end, and returns all steps.
    fn drive(
        search: &mut Search,
        found: &dyn Fn(&Trial, usize, usize) -> Option<f64>,
    ) -> Vec<Step> {
        let mut all = Vec::new();
        loop {
            let steps = search.next().unwrap();
            if steps.is_empty() {
                return all;
            }
            for &step in &steps {
                let seeds = search.tune.rungs.seeds(step.rung);
                let trial = search.trials[step.trial].clone();
                let values = (0..seeds).map(|seed| found(&trial, step.rung, seed));
                search.tell(step, &values.collect::<Vec<_>>());
            }
            all.extend(steps);
        }
    }

    fn number(trial: &Trial, key: &str) -> f64 {
        trial.setting(key).unwrap().as_f64().unwrap()
    }

    /// Squared distance from (5, 0.001) in decades, lowest with word `b`.
    fn valley(trial: &Trial) -> f64 {
        let word = trial.point.iter().any(|(_, value)| value == "b");
        let x = (number(trial, "x") / 5.0).log10();
        let y = (number(trial, "y") / 1e-3).log10();
        x * x + y * y + if word { 0.0 } else { 0.5 }
    }

    fn bowl(rule: &str, seed: u64) -> Value {
        json!({
            "rule": rule, "budget": 100, "seed": seed,
            "space": {
                "x": {"from": 0.1, "to": 1000, "scale": "log"},
                "y": {"from": 1e-5, "to": 1, "scale": "log"},
                "w": ["a", "b", "c"],
            },
        })
    }

    #[test]
    fn each_rule_finds_the_bottom_of_a_valley() {
        let lowest = |rule: &str| -> Vec<f64> {
            let mut found: Vec<f64> = (1..=11)
                .map(|seed| {
                    let mut search = search(&bowl(rule, seed));
                    let steps = drive(&mut search, &|trial, _, _| Some(valley(trial)));
                    assert_eq!(steps.len(), 100);
                    let best = &search.trials[search.ranked()[0]];
                    assert_eq!(best.scores[0].value, valley(best));
                    valley(best)
                })
                .collect();
            found.sort_by(f64::total_cmp);
            found
        };
        let [random, sobol, tpe] = ["random", "sobol", "tpe"].map(lowest);
        // Of 33 points with the right word in 4 × 5 square decades, the nearest has a squared distance of
        // 20 / (33 π) = 0.19 on average; the one that learns must be far nearer.
        assert!(random[10] < 1.0 && sobol[10] < 1.0, "{random:?} {sobol:?}");
        assert!(
            tpe[10] < 0.1 && tpe[5] < 0.1 * random[5],
            "{tpe:?} {random:?}"
        );
    }

    fn ladder(budget: f64) -> Value {
        json!({
            "rule": "random", "budget": budget, "batch": 5,
            "rungs": {"epochs": [3, 9, 27], "seeds": [1, 2, 4], "keep_one_in": 3},
            "space": {"x": {"from": 0, "to": 1}},
        })
    }

    #[test]
    fn the_best_of_each_rung_go_on() {
        let mut search = search(&ladder(40.0));
        let steps = drive(&mut search, &|trial, _, _| Some(number(trial, "x")));
        let on = |rung: usize| search.trials.iter().filter(move |t| t.scores.len() > rung);
        let counts: Vec<usize> = (0..3).map(|rung| on(rung).count()).collect();
        // The least of them is at the top, whatever was promoted before it came.
        let lowest = |rung: usize| on(rung).map(|t| number(t, "x")).fold(1.0, f64::min);
        assert_eq!(lowest(0), lowest(2));
        assert_eq!(
            search.ranked()[0],
            steps.last().map_or(0, |_| {
                let best = |t: &Trial| number(t, "x") == lowest(0);
                search.trials.iter().position(best).unwrap()
            })
        );
        assert!(
            counts[0] > 2 * counts[1] && counts[1] > counts[2],
            "{counts:?}"
        );
        // Runs that were there on the rung below have other lengths here.
        let cost = |step: &Step| [1.0 / 9.0, 2.0 / 3.0, 4.0][step.rung];
        let spent: f64 = steps.iter().map(cost).sum();
        assert!((spent - search.spent()).abs() < 1e-9);
        assert!(spent <= 40.0 && spent > 40.0 - 4.8, "{spent}");
    }

    #[test]
    fn what_diverges_goes_nowhere_and_ranks_last() {
        let mut search = search(&ladder(40.0));
        let found = |trial: &Trial, rung: usize, seed: usize| {
            let x = number(trial, "x");
            // The lowest would be the best; some others diverge with the last seed of the last rung.
            let gone = x < 0.1 || (x < 0.3 && rung == 2 && seed == 3);
            (!gone).then_some(x)
        };
        drive(&mut search, &found);
        let ranked: Vec<&Trial> = search.ranked().iter().map(|&t| &search.trials[t]).collect();
        let diverged = |trial: &&Trial| trial.scores.iter().any(|score| score.diverged > 0);
        let first = ranked.iter().position(diverged).unwrap();
        assert!(
            ranked[first..].iter().all(diverged),
            "all behind the others"
        );
        assert!(
            ranked
                .iter()
                .all(|t| number(t, "x") >= 0.1 || t.scores.len() == 1)
        );
        assert!(number(ranked[0], "x") >= 0.3);
    }

    #[test]
    fn nothing_depends_on_the_order_in_which_a_generation_ends() {
        let course = |backwards: bool| -> Vec<(usize, usize, String)> {
            let mut table = bowl("tpe", 3);
            table["rungs"] = json!({"epochs": [1, 3], "keep_one_in": 2});
            table["budget"] = json!(20);
            let mut search = search(&table);
            let mut course = Vec::new();
            loop {
                let mut steps = search.next().unwrap();
                if steps.is_empty() {
                    return course;
                }
                for step in &steps {
                    let point = format!("{:?}", search.trials[step.trial].point);
                    course.push((step.trial, step.rung, point));
                }
                if backwards {
                    steps.reverse();
                }
                for step in steps {
                    let value = valley(&search.trials[step.trial]);
                    search.tell(step, &[Some(value)]);
                }
            }
        };
        let forwards = course(false);
        assert!(forwards.len() > 20);
        assert_eq!(forwards, course(true));
    }

    #[test]
    fn a_space_of_few_points_ends_before_the_budget() {
        for rule in ["random", "sobol", "tpe"] {
            let mut search = search(&json!({
                "rule": rule, "budget": 50,
                "space": {"x": {"from": 1, "to": 3, "step": 1}, "w": ["a", "b"]},
            }));
            let steps = drive(&mut search, &|trial, _, _| Some(number(trial, "x")));
            assert_eq!(steps.len(), 6, "{rule}: each once");
        }
    }

    #[test]
    fn a_parameter_more_leaves_random_others_where_they_were() {
        let values = |table: &Value| -> Vec<Value> {
            let mut search = search(table);
            search.next().unwrap();
            let x = |trial: &Trial| trial.setting("x").unwrap().clone();
            search.trials.iter().map(x).collect()
        };
        let mut more = bowl("random", 1);
        more["space"]["a"] = json!([1, 2]);
        assert_eq!(values(&bowl("random", 1)), values(&more));
        assert_ne!(values(&bowl("random", 1)), values(&bowl("random", 2)));
    }
}
