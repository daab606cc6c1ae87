//! What goes into and comes out of a statement.

use bytes::BytesMut;
use marquee_kernel as kernel;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use crate::{Error, Result};

/// A value of a parameter or a column. Instants are microseconds since 1970, ids are 16 bytes on SQLite.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the types of the portable subset")]
pub enum Value {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
    Uuid(Uuid),
}

/// A list of parameters: `params![show_id, now, "claimed"]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { [$($crate::Value::from($value)),*] };
}

macro_rules! into_value {
    ($($from:ty => |$value:ident| $to:expr),+ $(,)?) => {$(
        impl From<$from> for Value {
            fn from($value: $from) -> Self { $to }
        }
    )+};
}

into_value! {
    i64 => |v| Value::Int(v),
    i32 => |v| Value::Int(v.into()),
    u32 => |v| Value::Int(v.into()),
    u16 => |v| Value::Int(v.into()),
    bool => |v| Value::Int(v.into()),
    f64 => |v| Value::Real(v),
    &str => |v| Value::Text(v.to_owned()),
    String => |v| Value::Text(v),
    &String => |v| Value::Text(v.clone()),
    Vec<u8> => |v| Value::Bytes(v),
    &[u8] => |v| Value::Bytes(v.to_vec()),
    [u8; 32] => |v| Value::Bytes(v.to_vec()),
    Uuid => |v| Value::Uuid(v),
    kernel::Timestamp => |v| Value::Int(v.as_microsecond()),
    kernel::Currency => |v| Value::Text(v.code().to_owned()),
    kernel::SeatId => |v| Value::Text(v.as_str().to_owned()),
    &kernel::SeatId => |v| Value::Text(v.as_str().to_owned()),
}

impl<T> From<Option<T>> for Value
where
    Value: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Value::from)
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, ValueRef};
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(v) => ValueRef::Integer(*v),
            Value::Real(v) => ValueRef::Real(*v),
            Value::Text(v) => ValueRef::Text(v.as_bytes()),
            Value::Bytes(v) => ValueRef::Blob(v),
            Value::Uuid(v) => ValueRef::Blob(v.as_bytes()),
        }))
    }
}

type Unfit = Box<dyn std::error::Error + Sync + Send>;

/// PostgreSQL says what type a parameter has; a value takes that form or is refused.
impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Unfit> {
        match (self, ty) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Int(v), &Type::INT8) => v.to_sql(ty, out),
            (Value::Int(v), &Type::INT4) => i32::try_from(*v)?.to_sql(ty, out),
            (Value::Int(v), &Type::INT2) => i16::try_from(*v)?.to_sql(ty, out),
            (Value::Int(v), &Type::BOOL) => (*v != 0).to_sql(ty, out),
            (Value::Int(v), &Type::FLOAT8) => (*v as f64).to_sql(ty, out),
            (Value::Real(v), &Type::FLOAT8) => v.to_sql(ty, out),
            (Value::Text(v), &Type::TEXT | &Type::VARCHAR) => v.to_sql(ty, out),
            (Value::Bytes(v), &Type::BYTEA) => v.to_sql(ty, out),
            (Value::Uuid(v), &Type::UUID) => v.to_sql(ty, out),
            (value, ty) => Err(format!("{value:?} is no {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Unfit> {
        match *ty {
            Type::INT8 => i64::from_sql(ty, raw).map(Value::Int),
            Type::INT4 => i32::from_sql(ty, raw).map(|v| Value::Int(v.into())),
            Type::INT2 => i16::from_sql(ty, raw).map(|v| Value::Int(v.into())),
            Type::BOOL => bool::from_sql(ty, raw).map(|v| Value::Int(v.into())),
            Type::FLOAT8 => f64::from_sql(ty, raw).map(Value::Real),
            Type::BYTEA => Vec::from_sql(ty, raw).map(Value::Bytes),
            Type::UUID => Uuid::from_sql(ty, raw).map(Value::Uuid),
            Type::TEXT | Type::VARCHAR => String::from_sql(ty, raw).map(Value::Text),
            _ => Err(format!("a column of type {ty} is not in the portable subset").into()),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Self, Unfit> {
        Ok(Value::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// What a column can be read as.
pub trait FromValue: Sized {
    /// The value as this type; the error says what was found.
    ///
    /// # Errors
    /// A word for what was found instead.
    fn from_value(value: &Value) -> Result<Self, &'static str>;
}

macro_rules! from_value {
    ($($to:ty => $($pattern:pat => $result:expr),+;)+) => {$(
        impl FromValue for $to {
            fn from_value(value: &Value) -> Result<Self, &'static str> {
                match value {
                    $($pattern => $result,)+
                    #[allow(unreachable_patterns, clippy::allow_attributes, reason = "some lists are complete")]
                    Value::Null => Err("unexpectedly null"),
                    #[allow(unreachable_patterns, clippy::allow_attributes, reason = "some lists are complete")]
                    _ => Err(concat!("not readable as ", stringify!($to))),
                }
            }
        }
    )+};
}

from_value! {
    i64 => Value::Int(v) => Ok(*v);
    i32 => Value::Int(v) => i32::try_from(*v).map_err(|_| "out of range");
    u32 => Value::Int(v) => u32::try_from(*v).map_err(|_| "out of range");
    u16 => Value::Int(v) => u16::try_from(*v).map_err(|_| "out of range");
    u64 => Value::Int(v) => u64::try_from(*v).map_err(|_| "out of range");
    bool => Value::Int(v) => Ok(*v != 0);
    f64 => Value::Real(v) => Ok(*v), Value::Int(v) => Ok(*v as f64);
    String => Value::Text(v) => Ok(v.clone());
    Vec<u8> => Value::Bytes(v) => Ok(v.clone());
    Uuid => Value::Uuid(v) => Ok(*v), Value::Bytes(v) => Uuid::from_slice(v).map_err(|_| "not 16 bytes");
    kernel::Timestamp => Value::Int(v) => kernel::Timestamp::from_microsecond(*v).map_err(|_| "not an instant");
    kernel::Currency => Value::Text(v) => v.parse().map_err(|_| "not a currency");
    kernel::SeatId => Value::Text(v) => Ok(kernel::SeatId::from(v.as_str()));
}

impl FromValue for [u8; 32] {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        Vec::<u8>::from_value(value)?.try_into().map_err(|_| "not 32 bytes")
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

macro_rules! ids {
    ($($id:ident),+) => {$(
        impl From<kernel::$id> for Value {
            fn from(id: kernel::$id) -> Self { Value::Uuid(id.uuid()) }
        }
        impl FromValue for kernel::$id {
            fn from_value(value: &Value) -> Result<Self, &'static str> { Uuid::from_value(value).map(Self::from) }
        }
    )+};
}

ids!(UserId, SessionId, MovieId, CinemaId, ScreenId, ShowId, HoldId, BookingId, TicketId, PaymentId, RefundId, EventId);

pub(crate) fn column_error(column: &str, problem: &'static str) -> Error {
    Error::Column { column: column.to_owned(), problem }
}
