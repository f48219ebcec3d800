//! Which point of the plane belongs to which class.

/// Number of classes.
pub const N_CLASSES: usize = 3;

/// Names of the classes, by label. (The original program calls its test for class 1 "yin" and puts
/// yin first in its list of names; labels follow the list.)
pub const CLASS_NAMES: [&str; N_CLASSES] = ["yin", "yang", "dot"];

/// Names of the features, in the order of a sample.
pub const FEATURE_NAMES: [&str; 4] = ["x", "y", "1-x", "1-y"];

const CENTRE: f64 = 0.5;
const RADIUS: f64 = 0.5;
const DOT_RADIUS: f64 = 0.1;

/// The class of the point `(x, y)`, or `None` outside the disk of radius 0.5 around (0.5, 0.5).
///
/// ```text
/// dr, dl = distance to the right dot (0.75, 0.5) and to the left dot (0.25, 0.5)
/// 2 (dot):   dr < 0.1  or  dl < 0.1
/// 1 (yang):  dr = 0.1  or  0.1 < dl <= 0.25  or  (y > 0.5 and dr > 0.25)
/// 0 (yin):   everywhere else
/// ```
///
/// ```
/// use tasks::yinyang::class_of;
/// assert_eq!(class_of(0.75, 0.5), Some(2));
/// assert_eq!(class_of(0.5, 0.9), Some(1));
/// assert_eq!(class_of(0.5, 0.1), Some(0));
/// assert_eq!(class_of(0.0, 0.0), None);
/// ```
pub fn class_of(x: f64, y: f64) -> Option<usize> {
    // Written so that NaN lies outside.
    if distance(x, y, CENTRE) <= RADIUS {
        Some(class_within(x, y))
    } else {
        None
    }
}

fn class_within(x: f64, y: f64) -> usize {
    let right = distance(x, y, CENTRE + RADIUS / 2.0);
    let left = distance(x, y, CENTRE - RADIUS / 2.0);
    if right < DOT_RADIUS || left < DOT_RADIUS {
        return 2;
    }
    let yang = right <= DOT_RADIUS
        || (DOT_RADIUS < left && left <= RADIUS / 2.0)
        || (y > CENTRE && right > RADIUS / 2.0);
    usize::from(yang)
}

/// Distance to a point on the horizontal diameter.
fn distance(x: f64, y: f64, centre_x: f64) -> f64 {
    ((x - centre_x).powi(2) + (y - CENTRE).powi(2)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_dots_and_both_halves_are_where_the_picture_has_them() {
        for (x, y, class) in [
            (0.25, 0.5, 2),
            (0.75, 0.58, 2),
            (0.25, 0.7, 1),  // the yang's head around the left dot
            (0.25, 0.35, 1), // … which hangs below the horizontal
            (0.75, 0.65, 0), // the yin's head around the right dot rises above it
            (0.75, 0.35, 0),
            (0.6, 0.9, 1),
            (0.4, 0.1, 0),
        ] {
            assert_eq!(class_of(x, y), Some(class), "({x}, {y})");
        }
    }

    #[test]
    fn a_half_turn_exchanges_yin_and_yang() {
        for i in 0..200 {
            for j in 0..200 {
                // Off the grid of thresholds, where <= and < would break the symmetry.
                let (x, y) = (f64::from(i) / 200.0 + 1e-3, f64::from(j) / 200.0 + 1e-3);
                let turned = class_of(1.0 - x, 1.0 - y);
                let expected = class_of(x, y).map(|class| [1, 0, 2][class]);
                assert_eq!(turned, expected, "({x}, {y})");
            }
        }
    }

    #[test]
    fn nothing_outside_the_disk_has_a_class() {
        for (x, y) in [
            (0.1, 0.1),
            (1.01, 0.5),
            (f64::NAN, 0.5),
            (f64::INFINITY, 0.5),
        ] {
            assert_eq!(class_of(x, y), None, "({x}, {y})");
        }
    }
}
