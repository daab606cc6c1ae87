//! One statement for many rows: what SQLite runs once per item, PostgreSQL runs once, over all of them.
//!
//! The stores keep one text for both engines. Four shapes of it can be carried over whole:
//! `INSERT … VALUES (…)`, also with `ON CONFLICT (…) DO NOTHING`, `UPDATE … SET … WHERE …`, `DELETE FROM … WHERE …`, and
//! `SELECT …`. Each `$k` becomes a column of the items. Of two items that meet in one row that is
//! changed, one counts; which, only an insert says.
//!
//! An insert takes its rows as `VALUES`, and is prepared for several numbers of them; what is looked up by the items' keys takes them as an
//! `UNNEST` of arrays, one for each parameter. `UNNEST` puts every array into a store of its own and takes them out row by row: of what a
//! row of 14 columns costs that is half. Changes and look-ups over `VALUES` were measured, too, and were far slower
//! (`docs/adr/0014-signed-together.md`).

use tokio_postgres::types::Type;

/// A statement for one item, as it is made one over several at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setwise {
    pub(super) form: Form,
    /// What to add for it to say what each item came to; without, it says nothing, unless it is a look-up.
    returning: String,
    pub(super) counting: Counting,
}

/// What a statement over items is to say of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Answer {
    /// That it was done.
    Done,
    /// What each came to.
    OfEach,
    /// That all went in; it fails where one is refused. Only of inserts that may be refused.
    AllOrNone,
}

/// How a statement takes its items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Between `head` and `tail`, each as `item` says, with `$k` for its parameters.
    Rows { head: String, item: String, tail: String, params: usize },
    /// As an array for each parameter: the same text for any number of items.
    Arrays(String),
}

/// How the rows that each item changed are told from the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Counting {
    /// Every item changed one.
    Every,
    /// The answer has a row for each change, or for each row that was found, which ends in the item's place, from 1.
    ByPlace,
    /// The answer has the keys of what went in; these parameters, from 0, make an item's key.
    ByKey(Vec<usize>),
}

impl Setwise {
    /// The statement over all items that does what `sql` does for one, whose parameters have these types. None when its
    /// shape is another.
    pub(super) fn of(sql: &str, types: &[Type]) -> Option<Self> {
        let sql = on_one_line(sql)?;
        if types.is_empty() || sql.contains(" RETURNING ") {
            return None;
        }
        let arrays: Vec<_> = (1..).zip(types).map(|(n, ty)| format!("${n}::{}[]", ty.name())).collect();
        let names: Vec<_> = (1..=types.len()).map(|n| format!("p{n}")).collect();
        let items = format!("UNNEST({}) WITH ORDINALITY AS item ({}, place)", arrays.join(", "), names.join(", "));
        insert(&sql, types.len()).or_else(|| change(&sql, &items)).or_else(|| find(&sql, &items))
    }

    /// The text for so many items.
    pub(super) fn text(&self, items: usize, answer: Answer) -> String {
        let mut text = String::new();
        match &self.form {
            Form::Arrays(any) => text.push_str(any),
            Form::Rows { head, item, tail, params } => {
                text.push_str(head);
                for at in 0..items {
                    text.push_str(if at == 0 { "(" } else { ", (" });
                    number(item, at * params, &mut text);
                    text.push(')');
                }
                if answer != Answer::AllOrNone {
                    text.push_str(tail);
                }
            }
        }
        if answer == Answer::OfEach {
            text.push_str(&self.returning);
        }
        text
    }
}

fn insert(sql: &str, params: usize) -> Option<Setwise> {
    let (table, rest) = sql.strip_prefix("INSERT INTO ")?.split_once(" (")?;
    let (columns, rest) = rest.split_once(") VALUES (")?;
    let end = closing(rest)?;
    let (values, rest) = (rest.get(..end)?, rest.get(end + 1..)?);
    let rows = |tail| {
        let head = format!("INSERT INTO {table} ({columns}) VALUES ");
        Form::Rows { head, item: values.to_owned(), tail, params }
    };
    if rest.is_empty() {
        return Some(Setwise { form: rows(String::new()), returning: String::new(), counting: Counting::Every });
    }
    let keys = rest.strip_prefix(" ON CONFLICT (")?.strip_suffix(") DO NOTHING")?;
    let (columns, values): (Vec<_>, Vec<_>) = (columns.split(", ").collect(), values.split(", ").collect());
    let parameter = |key: &str| {
        let value = values.get(columns.iter().position(|column| *column == key)?)?;
        value.strip_prefix('$')?.parse::<usize>().ok()?.checked_sub(1)
    };
    let by_key = keys.split(", ").map(parameter).collect::<Option<_>>()?;
    let form = rows(format!(" ON CONFLICT ({keys}) DO NOTHING"));
    Some(Setwise { form, returning: format!(" RETURNING {keys}"), counting: Counting::ByKey(by_key) })
}

fn change(sql: &str, items: &str) -> Option<Setwise> {
    let joined = if sql.starts_with("UPDATE ") {
        "FROM"
    } else if sql.starts_with("DELETE FROM ") {
        "USING"
    } else {
        return None;
    };
    let at = outermost(sql, " WHERE ")?;
    let (what, which) = (sql.get(..at)?, sql.get(at..)?);
    if outermost(what.strip_prefix("DELETE FROM ").unwrap_or(what), " FROM ").is_some() {
        return None;
    }
    let form = Form::Arrays(format!("{} {joined} {items}{}", by_item(what), by_item(which)));
    Some(Setwise { form, returning: " RETURNING item.place".to_owned(), counting: Counting::ByPlace })
}

/// `OFFSET 0` keeps the planner from making a join of it: each item is looked up by its keys, whatever the planner believes of how
/// many rows there are, and its rows keep their order.
fn find(sql: &str, items: &str) -> Option<Setwise> {
    if !sql.starts_with("SELECT ") || sql.contains(" OFFSET ") {
        return None;
    }
    let found = by_item(sql);
    let form =
        Form::Arrays(format!("SELECT found.*, item.place FROM {items} CROSS JOIN LATERAL ({found} OFFSET 0) AS found"));
    Some(Setwise { form, returning: String::new(), counting: Counting::ByPlace })
}

/// Adds `template` to `text`, its parameters numbered from `after` on.
fn number(template: &str, after: usize, text: &mut String) {
    let mut parts = template.split('$');
    text.extend(parts.next());
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let (number, rest) = part.split_at(digits);
        let number = number.parse::<usize>().map_or(0, |number| number + after);
        text.push_str(&format!("${number}{rest}"));
    }
}

/// The text with single spaces; none when a literal holds white space, which must stay as it is.
fn on_one_line(sql: &str) -> Option<String> {
    let literal_is_whole = |literal: &str| !literal.contains(char::is_whitespace);
    let whole = sql.split('\'').skip(1).step_by(2).all(literal_is_whole);
    whole.then(|| sql.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// `$k` as the item's column.
fn by_item(sql: &str) -> String {
    sql.replace('$', "item.p")
}

/// Where `word` stands outside every bracket.
fn outermost(sql: &str, word: &str) -> Option<usize> {
    let open =
        |at: usize| sql.get(..at).is_some_and(|before| before.matches('(').count() == before.matches(')').count());
    sql.match_indices(word).map(|(at, _)| at).find(|at| open(*at))
}

/// Where the bracket closes that was opened just before `sql`.
fn closing(sql: &str) -> Option<usize> {
    let mut depth = 1;
    sql.char_indices().find_map(|(at, c)| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        (depth == 0).then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asked, for two items.
    fn text(sql: &str, types: &[Type]) -> Option<(String, Counting)> {
        Setwise::of(sql, types).map(|setwise| (setwise.text(2, Answer::OfEach), setwise.counting))
    }

    #[test]
    fn an_insert_takes_all_rows_at_once() {
        assert_eq!(
            text("\n    INSERT INTO t (a, b, c)\n    VALUES ($1, 'x', LOWER($2))", &[Type::UUID, Type::TEXT]),
            Some((
                "INSERT INTO t (a, b, c) VALUES ($1, 'x', LOWER($2)), ($3, 'x', LOWER($4))".to_owned(),
                Counting::Every
            ))
        );
    }

    #[test]
    fn an_insert_that_may_be_refused_tells_what_went_in_by_its_key() {
        let sql = "INSERT INTO t (a, b, c) VALUES ($2, 'x', $1) ON CONFLICT (c, a) DO NOTHING";
        let (text, counting) = text(sql, &[Type::TEXT, Type::INT8]).unwrap();
        assert!(text.ends_with("($2, 'x', $1), ($4, 'x', $3) ON CONFLICT (c, a) DO NOTHING RETURNING c, a"), "{text}");
        assert_eq!(counting, Counting::ByKey(vec![0, 1]));
        let hopeful = Setwise::of(sql, &[Type::TEXT, Type::INT8]).unwrap().text(2, Answer::AllOrNone);
        assert!(hopeful.ends_with("VALUES ($2, 'x', $1), ($4, 'x', $3)"), "{hopeful}");
    }

    #[test]
    fn a_change_is_joined_with_the_items() {
        let (update, _) =
            text("UPDATE t SET a = $2 WHERE k = $1 AND (a = $3)", &[Type::INT8, Type::TEXT, Type::BOOL]).unwrap();
        assert_eq!(
            update,
            "UPDATE t SET a = item.p2 FROM UNNEST($1::int8[], $2::text[], $3::bool[]) WITH ORDINALITY AS item (p1, p2, p3, place) \
             WHERE k = item.p1 AND (a = item.p3) RETURNING item.place"
        );
        let (delete, counting) = text("DELETE FROM t WHERE k = $1", &[Type::INT8]).unwrap();
        assert!(delete.starts_with("DELETE FROM t USING UNNEST($1::int8[])"), "{delete}");
        assert_eq!(counting, Counting::ByPlace);
    }

    #[test]
    fn what_nobody_asks_about_says_nothing() {
        let setwise = Setwise::of("DELETE FROM t WHERE k = $1", &[Type::INT8]).unwrap();
        assert!(!setwise.text(3, Answer::Done).contains("RETURNING"));
    }

    #[test]
    fn a_look_up_is_made_for_all_items_at_once() {
        let (text, counting) = text("SELECT a, b FROM t WHERE k = $2 AND a = $1", &[Type::INT8, Type::UUID]).unwrap();
        assert_eq!(
            text,
            "SELECT found.*, item.place FROM UNNEST($1::int8[], $2::uuid[]) WITH ORDINALITY AS item (p1, p2, place) \
             CROSS JOIN LATERAL (SELECT a, b FROM t WHERE k = item.p2 AND a = item.p1 OFFSET 0) AS found"
        );
        assert_eq!(counting, Counting::ByPlace);
    }

    #[test]
    fn any_other_shape_is_left_to_be_run_item_by_item() {
        for sql in [
            "INSERT INTO t (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET a = excluded.a",
            "INSERT INTO t (a) SELECT $1",
            "UPDATE t SET a = $1 FROM u WHERE t.k = u.k",
            "UPDATE t SET a = $1 WHERE k = 'two words'",
            "SELECT a FROM t WHERE k = $1 ORDER BY a LIMIT 2 OFFSET 1",
            "WITH u AS (SELECT $1) SELECT a FROM u",
        ] {
            assert_eq!(text(sql, &[Type::INT8]), None, "{sql}");
        }
    }
}
